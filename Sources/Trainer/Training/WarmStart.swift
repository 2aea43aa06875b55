import Datasets
import Jobs
import Kernels

/// The parameters of a trained model as the first ones of a run: the trunk, and every head whose task is the same.
struct WarmStart {
    private let model: ModelFile

    init(_ model: ModelFile) {
        self.model = model
    }

    /// Copies what fits into a network that has been initialised.
    ///
    /// A head is taken where a task of the same name has the same type, the same outputs in the same order and the same
    /// layers; the others keep their random parameters.
    ///
    /// - Returns: the names of the tasks whose heads were taken.
    /// - Throws: `JobFailure` where the trunk reads other inputs or has other parameters.
    func apply(to network: Network<Float>, tasks: [TaskPlan], preprocessing: Preprocessing) throws(JobFailure)
        -> [String]
    {
        guard preprocessing.inputs.layout == model.preprocessing.inputs.layout else {
            throw Self.mismatch("it was trained on other inputs")
        }
        let plan = network.plan
        guard plan.shapes(of: plan.trunk) == model.plan.shapes(of: model.plan.trunk) else {
            throw Self.mismatch("its encoder has parameters of other names or shapes")
        }
        copy(plan.trunk, to: network)
        var taken: [String] = []
        for (head, task) in zip(plan.heads, tasks) {
            guard let index = model.tasks.firstIndex(where: { $0.answersAs(task) }),
                plan.shapes(of: head) == model.plan.shapes(of: model.plan.heads[index])
            else { continue }
            copy(head, to: network)
            taken.append(task.name)
        }
        return taken
    }

    /// Holds a spec against the model before anything of its data is read: the kind of inputs, and the encoder.
    func check(_ spec: TrainingSpec, schema: DatasetSchema) throws(DatasetError) {
        let inputs = model.preprocessing.inputs
        func misfit(_ detail: String) -> DatasetError {
            DatasetError("the initial model does not fit: \(detail)", pointer: "/initial_model")
        }
        guard try EncodingPlan(EncodingRequest(spec), schema: schema).reads(inputs) else {
            throw misfit("it was trained on other inputs")
        }
        do {
            let plan = try NetworkPlan(spec.model, input: try SignalShape(inputs), heads: [])
            guard plan.shapes(of: plan.trunk) == model.plan.shapes(of: model.plan.trunk) else {
                throw misfit("its encoder has parameters of other names or shapes")
            }
        } catch let error as DatasetError {
            throw error
        } catch {
            throw misfit("\(error)")
        }
    }

    private static func mismatch(_ detail: String) -> JobFailure {
        JobFailure(code: .invalidSpec, detail: "the initial model does not fit: \(detail)")
    }

    private func copy(_ stack: NetworkPlan.Stack, to network: Network<Float>) {
        copy(
            stack.layers.flatMap(\.parameters), network.plan.parameters, model.plan.parameters, model.parameters,
            to: network.parameters)
        copy(
            stack.layers.flatMap(\.statistics), network.plan.statistics, model.plan.statistics, model.statistics,
            to: network.statistics)
    }

    /// Parameters are found by their streams' names: heads may stand in another order, and dropout may come or go.
    private func copy(
        _ offsets: [Int], _ layout: ParameterLayout, _ source: ParameterLayout, _ values: [[Float]],
        to buffer: AlignedBuffer<Float>
    ) {
        let offsets = Set(offsets)
        for entry in layout.entries where offsets.contains(entry.offset) {
            guard let index = source.entries.firstIndex(where: { $0.stream == entry.stream }) else { continue }
            for (element, value) in values[index].enumerated() { buffer[entry.offset + element] = value }
        }
    }
}

extension TaskPlan {
    /// Whether a head trained for one means the same for the other.
    fileprivate func answersAs(_ other: TaskPlan) -> Bool {
        name == other.name && kind == other.kind && classes == other.classes && outputs == other.outputs
    }
}

extension NetworkPlan {
    /// Streams' names and shapes of all that training changes or observes in a part of the network.
    fileprivate func shapes(of stack: Stack) -> [String: [Int]] {
        let (own, observed) = (Set(stack.layers.flatMap(\.parameters)), Set(stack.layers.flatMap(\.statistics)))
        let entries =
            parameters.entries.filter { own.contains($0.offset) }
            + statistics.entries.filter { observed.contains($0.offset) }
        return Dictionary(entries.map { ($0.stream, $0.plan.shape) }) { first, _ in first }
    }
}

extension InputPreprocessing {
    /// What each number that enters the network stands for, whatever it is scaled by.
    fileprivate var layout: InputPreprocessing {
        switch self {
        case .columns(let columns):
            .columns(
                columns.map { column in
                    var column = column
                    switch column.treatment {
                    case .numeric(_, _, let indicator):
                        column.treatment = .numeric(mean: 0, deviation: 1, indicator: indicator)
                    case .vector(let means, _):
                        column.treatment = .vector(means: means.map { _ in 0 }, deviations: means.map { _ in 1 })
                    case .oneHot, .embedded: break
                    }
                    return column
                })
        case .images(let images):
            .images(
                ImagePreprocessing(
                    column: "", shape: images.shape, storage: .floats, scale: 1,
                    means: images.means.map { _ in 0 }, deviations: images.means.map { _ in 1 }))
        case .text: self
        }
    }
}
