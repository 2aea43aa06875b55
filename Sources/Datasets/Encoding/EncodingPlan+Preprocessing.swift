extension EncodingPlan {
    /// Whether a preprocessing that has been fitted elsewhere could be one of this plan's, as far as a schema tells.
    package func reads(_ fitted: InputPreprocessing) -> Bool {
        switch (inputs, fitted) {
        case (.columns(let planned), .columns(let columns)):
            planned.count == columns.count && zip(planned, columns).allSatisfy { $0.fits($1) }
        case (.images(_, let shape), .images(let images)): shape == images.shape
        case (.text(let name, let options), .text(let text)): name == text.column && options == text.options
        case (.columns, _), (.images, _), (.text, _): false
        }
    }
}

extension EncodingPlan.InputColumn {
    fileprivate func fits(_ column: ColumnPreprocessing) -> Bool {
        guard use.name == column.name else { return false }
        return switch (self, column.treatment) {
        case (.numeric, .numeric), (.oneHot, .oneHot): true
        case (.embedded(_, let width), .embedded(_, _, let fitted)): width == fitted
        case (.vector(_, let count), .vector(let means, _)): count == means.count
        case (.numeric, _), (.oneHot, _), (.embedded, _), (.vector, _): false
        }
    }
}
