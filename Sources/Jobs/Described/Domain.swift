import Weighting

/// The values that a member accepts: one declaration reads them, writes them, and describes them to clients.
package struct Domain<Value: Sendable>: Sendable {
    package let shape: Shape
    /// Reads a value that is not null. A value outside the domain is reported and read as nil.
    let read: @Sendable (_ value: JSONValue, _ pointer: String, _ log: ProblemLog) -> Value?
    let write: @Sendable (Value) -> JSONValue

    /// A domain of single values: `parse` gives nil for those outside.
    fileprivate init(
        _ shape: Shape, parse: @escaping @Sendable (JSONValue) -> Value?,
        write: @escaping @Sendable (Value) -> JSONValue
    ) {
        self.init(shape) { value, pointer, log in
            let parsed = parse(value)
            if parsed == nil { log.report(pointer, "expected \(shape.words), got \(value.excerpt)") }
            return parsed
        } write: {
            write($0)
        }
    }

    init(
        _ shape: Shape, read: @escaping @Sendable (JSONValue, String, ProblemLog) -> Value?,
        write: @escaping @Sendable (Value) -> JSONValue
    ) {
        self.shape = shape
        self.read = read
        self.write = write
    }
}

extension Domain where Value == Bool {
    static var flag: Domain {
        Domain(.boolean) {
            if case .bool(let flag) = $0 { flag } else { nil }
        } write: {
            .bool($0)
        }
    }
}

extension Domain where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Domain {
        Domain(.integer(range)) {
            $0.int.flatMap { range.contains($0) ? $0 : nil }
        } write: {
            JSONValue($0)
        }
    }

    static func oneOf(_ numbers: [Int]) -> Domain {
        Domain(.oneOf(numbers)) {
            $0.int.flatMap { numbers.contains($0) ? $0 : nil }
        } write: {
            JSONValue($0)
        }
    }
}

extension Domain where Value == Double {
    static func number(_ bounds: NumberBounds) -> Domain {
        Domain(.number(bounds)) {
            $0.double.flatMap { bounds.contains($0) ? $0 : nil }
        } write: {
            .number($0)
        }
    }
}

extension Domain where Value == String {
    static func text(lengthMax: Int) -> Domain {
        Domain(.text(lengthMax: lengthMax)) {
            $0.text.flatMap { $0.isPlain(lengthMax: lengthMax) ? $0 : nil }
        } write: {
            .string($0)
        }
    }
}

extension Domain where Value: RawRepresentable<String> & CaseIterable {
    static var choice: Domain {
        let names = Value.allCases.map(\.rawValue)
        return Domain(.choice(names)) { value, pointer, log in
            if let choice = value.text.flatMap(Value.init(rawValue:)) { return choice }
            let words = Shape.choice(names).words
            log.report(pointer, "expected \(words), got \(value.excerpt)\(value.suggestion(from: names))")
            return nil
        } write: {
            .string($0.rawValue)
        }
    }
}

extension Domain {
    /// Elements that are read one by one; those outside their domain are reported at their place and left out.
    static func array<Element: Sendable>(
        _ element: Domain<Element>, count: ClosedRange<Int>
    ) -> Domain where Value == [Element] {
        Domain(.array(element.shape, count: count, isUnique: false)) { value, pointer, log in
            guard let elements = value.elements, count.contains(elements.count) else {
                let found = value.elements.map { "\($0.count)" } ?? value.kindInWords
                let words = Shape.array(element.shape, count: count, isUnique: false).words
                log.report(pointer, "expected \(words), got \(found)")
                return nil
            }
            return elements.enumerated().compactMap { index, value in
                element.read(value, Jobs.pointer(pointer, index), log)
            }
        } write: { elements in
            .array(elements.map(element.write))
        }
    }

    /// As `array`, with elements that must differ.
    static func set<Element: Sendable & Hashable>(
        _ element: Domain<Element>, count: ClosedRange<Int>
    ) -> Domain where Value == [Element] {
        let array = Domain.array(element, count: count)
        return Domain(.array(element.shape, count: count, isUnique: true)) { value, pointer, log in
            guard let elements = array.read(value, pointer, log) else { return nil }
            var known: Set<Element> = []
            for (index, element) in elements.enumerated() where !known.insert(element).inserted {
                log.report(Jobs.pointer(pointer, index), "repeats an element before it")
            }
            return elements
        } write: {
            array.write($0)
        }
    }

    /// A closed object with the members of its type's table.
    static func record(_ type: Value.Type) -> Domain where Value: DescribedRecord {
        Domain(.record(type.schemaName)) { value, pointer, log in
            var reader = SpecReader(value, at: pointer, log: log)
            guard value.members != nil else { return nil }
            defer { reader.finish() }
            return type.read(&reader)
        } write: {
            $0.json
        }
    }
}
