import COneDNN

/// The processor as oneDNN knows it, and what is asked of it; one for all threads.
enum OneDNN {
    /// Written once, before anybody reads it, and used by calls that oneDNN makes safe.
    nonisolated(unsafe) private static let engine: dnnl_engine_t? = {
        var engine: dnnl_engine_t?
        return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
    }()

    /// Primitives work in memory that they are given: what the library would keep itself belongs to the thread that made the
    /// primitive, and networks are made on one thread and used on others.
    ///
    /// Written once, before anybody reads it, and never changed.
    nonisolated(unsafe) private static let attributes: dnnl_primitive_attr_t? = {
        var attributes: dnnl_primitive_attr_t?
        guard dnnl_primitive_attr_create(&attributes) == dnnl_success else { return nil }
        guard dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) == dnnl_success else {
            return nil
        }
        return attributes
    }()

    /// Memory of the library's own kind around numbers that stand elsewhere.
    final class Memory {
        let handle: dnnl_memory_t

        init?(_ layout: UnsafePointer<dnnl_memory_desc_t>) {
            var memory: dnnl_memory_t?
            guard dnnl_memory_create(&memory, layout, engine, nil) == dnnl_success, let memory else { return nil }
            handle = memory
        }

        deinit { dnnl_memory_destroy(handle) }

        func point(to numbers: UnsafeMutableRawPointer) {
            check(dnnl_memory_set_data_handle(handle, numbers))
        }
    }

    /// What a primitive is made from; says which layouts it wants.
    final class Description {
        let handle: dnnl_primitive_desc_t

        /// - Parameter operation: a description such as `dnnl_convolution_desc_t`.
        init?<Operation>(_ operation: Operation, hint: Description? = nil) {
            var description: dnnl_primitive_desc_t?
            guard let attributes else { return nil }
            let status = withUnsafePointer(to: operation) {
                dnnl_primitive_desc_create(&description, $0, attributes, engine, hint?.handle)
            }
            guard status == dnnl_success, let description else { return nil }
            handle = description
        }

        /// A change of layout.
        init?(from: UnsafePointer<dnnl_memory_desc_t>, to: UnsafePointer<dnnl_memory_desc_t>) {
            var description: dnnl_primitive_desc_t?
            guard let attributes,
                dnnl_reorder_primitive_desc_create(&description, from, engine, to, engine, attributes) == dnnl_success,
                let description
            else { return nil }
            handle = description
        }

        deinit { dnnl_primitive_desc_destroy(handle) }

        /// - Parameter index: of the operand among those of its kind: a bias is the second of the weights.
        func layout(_ operand: dnnl_query_t, _ index: Int32 = 0) -> UnsafePointer<dnnl_memory_desc_t>? {
            dnnl_primitive_desc_query_md(handle, operand, index)
        }
    }

    /// A computation at work on operands that may move from call to call. Thread-confined.
    final class Primitive {
        private let handle: dnnl_primitive_t
        private let stream: dnnl_stream_t
        private let operands: [Memory]
        /// Bytes that it needs to work in.
        let scratchBytes: Int
        private let arguments: UnsafeMutableBufferPointer<dnnl_exec_arg_t>

        init?(_ description: Description, _ operands: [(role: Int32, layout: UnsafePointer<dnnl_memory_desc_t>)]) {
            let scratch = description.layout(dnnl_query_scratchpad_md)
            scratchBytes = scratch.map { dnnl_memory_desc_get_size($0) } ?? 0
            var operands = operands
            if let scratch, scratchBytes > 0 { operands.append((DNNL_ARG_SCRATCHPAD, scratch)) }
            let memories = operands.compactMap { Memory($0.layout) }
            var primitive: dnnl_primitive_t?
            var stream: dnnl_stream_t?
            guard memories.count == operands.count,
                dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)) == dnnl_success,
                let stream
            else { return nil }
            guard dnnl_primitive_create(&primitive, description.handle) == dnnl_success, let primitive else {
                dnnl_stream_destroy(stream)
                return nil
            }
            handle = primitive
            self.stream = stream
            self.operands = memories
            arguments = .allocate(capacity: operands.count)
            for (index, operand) in operands.enumerated() {
                arguments.initializeElement(
                    at: index, to: dnnl_exec_arg_t(arg: operand.role, memory: memories[index].handle))
            }
        }

        /// A change of layout.
        convenience init?(from: UnsafePointer<dnnl_memory_desc_t>, to: UnsafePointer<dnnl_memory_desc_t>) {
            guard let description = Description(from: from, to: to) else { return nil }
            self.init(description, [(DNNL_ARG_FROM, from), (DNNL_ARG_TO, to)])
        }

        deinit {
            dnnl_primitive_destroy(handle)
            dnnl_stream_destroy(stream)
            arguments.deallocate()
        }

        /// Computes with the operands where they stand now, in the order of the roles; those read only stay as they are.
        ///
        /// - Parameter scratch: on a 64-byte boundary, at least `scratchBytes` of it.
        func run(
            _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ third: UnsafeRawPointer? = nil,
            _ fourth: UnsafeRawPointer? = nil, scratch: UnsafeMutableRawPointer
        ) {
            operands[0].point(to: UnsafeMutableRawPointer(mutating: first))
            operands[1].point(to: UnsafeMutableRawPointer(mutating: second))
            if let third { operands[2].point(to: UnsafeMutableRawPointer(mutating: third)) }
            if let fourth { operands[3].point(to: UnsafeMutableRawPointer(mutating: fourth)) }
            if scratchBytes > 0 { operands[operands.count - 1].point(to: scratch) }
            check(dnnl_primitive_execute(handle, stream, Int32(arguments.count), arguments.baseAddress))
            check(dnnl_stream_wait(stream))
        }
    }

    /// A layout by its name in the library.
    static func layout(_ sizes: [Int], _ tag: dnnl_format_tag_t) -> dnnl_memory_desc_t? {
        var layout = dnnl_memory_desc_t()
        let sizes = sizes.map { dnnl_dim_t($0) }
        let status = dnnl_memory_desc_init_by_tag(&layout, Int32(sizes.count), sizes, dnnl_f32, tag)
        return status == dnnl_success ? layout : nil
    }

    /// A primitive that was made runs, unless memory is exhausted.
    private static func check(_ status: dnnl_status_t) {
        precondition(status == dnnl_success, "oneDNN answered \(status.rawValue)")
    }
}
