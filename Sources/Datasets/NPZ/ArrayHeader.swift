/// The header of an NPY member (NEP 1, versions 1 to 3): a Python dictionary with the element type, the order and the shape.
///
/// Read by a small grammar of its own; nothing in it is ever evaluated.
struct ArrayHeader: Sendable, Hashable {
    var element: ElementType
    var shape: [Int]
    /// Bytes before the first element.
    var bytes: Int

    /// Rows, the first axis.
    var rows: Int { shape[0] }
    /// The shape of one row.
    var rowShape: [Int] { Array(shape.dropFirst()) }

    /// Row, and up to height, width and channels.
    static let axesMax = 4

    /// Reads the header from the beginning of a member.
    init(_ reader: ZipMemberReader, name: String, limits: DatasetLimits) throws(DatasetError) {
        func failure(_ detail: String) -> DatasetError { DatasetError(detail, column: name) }
        let start = try reader.read(count: 8)
        guard start.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            throw failure("the member is no NPY array; save it with numpy.savez")
        }
        guard (1...3).contains(start[6]) else { throw failure("the NPY version \(start[6]) is not known") }
        let lengthBytes = start[6] == 1 ? 2 : 4
        let length = try reader.read(count: lengthBytes).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= limits.arrayHeaderBytesMax else {
            throw DatasetError(
                "the array's header has more than \(limits.arrayHeaderBytesMax) bytes", kind: .tooLarge, column: name)
        }
        guard let text = String(validating: try reader.read(count: length), as: UTF8.self) else {
            throw failure("the array's header is not UTF-8")
        }
        try self.init(text: text, name: name)
        bytes = 8 + lengthBytes + length
    }

    /// - Parameter text: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`
    init(text: String, name: String) throws(DatasetError) {
        func failure(_ detail: String) -> DatasetError { DatasetError(detail, column: name) }
        var parser = PythonLiteralParser(text)
        guard let literal = parser.dictionary() else { throw failure("the array's header cannot be read") }
        guard Set(literal.keys) == ["descr", "fortran_order", "shape"] else {
            throw failure("the array's header must have the keys descr, fortran_order and shape")
        }
        guard case .text(let description)? = literal["descr"] else {
            throw failure("the array has a structured type; expected numbers, booleans or strings")
        }
        guard let element = ElementType(description) else {
            let isObject = description.contains("O")
            throw failure(
                isObject
                    ? "the array holds pickled objects, which are never read; save it with a number or string type"
                    : "the element type '\(description.prefix(40))' cannot be read; expected b1, u1-u8, i1-i8, f2-f8, U or S"
            )
        }
        guard case .flag(let isFortran)? = literal["fortran_order"], case .tuple(let shape)? = literal["shape"] else {
            throw failure("the array's header cannot be read")
        }
        guard (1...Self.axesMax).contains(shape.count), shape.allSatisfy({ $0 > 0 }) else {
            throw failure(
                "the array has the shape \(shape); expected 1 to \(Self.axesMax) axes, the first being the rows, none empty"
            )
        }
        guard !isFortran || shape.count == 1 else {
            throw failure("the array is in Fortran order; save numpy.ascontiguousarray(…) of it")
        }
        self.element = element
        self.shape = shape
        bytes = 0
    }

    /// Bytes of all elements; nil when that does not fit.
    var contentBytes: Int? {
        var total = element.size
        for length in shape {
            let (product, overflow) = total.multipliedReportingOverflow(by: length)
            if overflow { return nil }
            total = product
        }
        return total
    }
}
