import Crypto
package import Datasets
package import Jobs
import Kernels

/// A trained model as bytes: parameters by name, the spec, and the fitted preprocessing.
package struct ModelFile: Sendable {
    package let spec: TrainingSpec
    package let preprocessing: Preprocessing
    package let tasks: [TaskPlan]
    package let plan: NetworkPlan
    /// The epoch whose parameters these are.
    package let epoch: Int
    /// Of the parameters and then the statistics, in the plan's order, without padding.
    package let parameters: [[Float]]
    package let statistics: [[Float]]

    package init(
        spec: TrainingSpec, preprocessing: Preprocessing, tasks: [TaskPlan], network: Network<Float>, epoch: Int
    ) {
        self.spec = spec
        self.preprocessing = preprocessing
        self.tasks = tasks
        self.epoch = epoch
        plan = network.plan
        parameters = plan.parameters.entries.map { Array(network.parameters.span[$0.range]) }
        statistics = plan.statistics.entries.map { Array(network.statistics.span[$0.range]) }
    }

    /// - Parameter isWanted: asked between pieces; where it is not, `.interrupted` is thrown.
    /// - Throws: `ArchiveError` where the bytes are no intact model.
    package init(_ bytes: [UInt8], isWanted: () -> Bool = { true }) throws(ArchiveError) {
        let archive = try Archive(bytes, kind: .model, isWanted: isWanted)
        do {
            spec = try TrainingSpec(decoding: try archive.metadata.required("spec"), in: nil)
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw .damaged("its spec cannot be read: \(error)")
        }
        do {
            preprocessing = try Preprocessing(json: try archive.metadata.required("preprocessing"))
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw .damaged("\(error)")
        }
        epoch = try archive.metadata.required("epoch").integer()
        guard preprocessing.targets.count == spec.tasks.count else { throw .damaged("it has targets of other tasks") }
        tasks = zip(spec.tasks, preprocessing.targets).map { TaskPlan($0, $1) }
        do {
            plan = try NetworkPlan(
                spec.model, input: try SignalShape(preprocessing.inputs), heads: tasks.map(\.headPlan))
        } catch {
            throw .damaged("its network cannot be built: \(error)")
        }
        var (parameters, statistics) = ([[Float]](), [[Float]]())
        for entry in plan.parameters.entries {
            guard isWanted() else { throw .interrupted }
            parameters.append(try archive.floats("parameters.\(entry.plan.name)", count: entry.plan.count))
        }
        for entry in plan.statistics.entries {
            statistics.append(try archive.floats("statistics.\(entry.plan.name)", count: entry.plan.count))
        }
        self.parameters = parameters
        self.statistics = statistics
    }

    package func encoded() -> [UInt8] {
        var writer = ArchiveWriter(
            .model,
            metadata: .object([
                .init("spec", spec.json), .init("preprocessing", preprocessing.json), .init("epoch", JSONValue(epoch)),
            ]))
        for (entry, values) in zip(plan.parameters.entries, parameters) {
            writer.add("parameters.\(entry.plan.name)", floats: values)
        }
        for (entry, values) in zip(plan.statistics.entries, statistics) {
            writer.add("statistics.\(entry.plan.name)", floats: values)
        }
        return writer.encoded()
    }

    /// SHA-256 of all parameters and statistics in the plan's order, as little-endian floats; lower-case hexadecimal.
    package var weightsSHA256: String {
        var hash = SHA256()
        for values in parameters + statistics { values.withUnsafeBytes { hash.update(bufferPointer: $0) } }
        return String(hexadecimal: hash.finalize())
    }

    /// A network with these parameters, for prediction.
    package func makeNetwork(rowsMax: Int) throws -> Network<Float> {
        let network = try Network<Float>(plan, rowsMax: rowsMax)
        for (entry, values) in zip(plan.parameters.entries, parameters) {
            (network.parameters.pointer + entry.offset).update(from: values, count: values.count)
        }
        for (entry, values) in zip(plan.statistics.entries, statistics) {
            (network.statistics.pointer + entry.offset).update(from: values, count: values.count)
        }
        return network
    }
}
