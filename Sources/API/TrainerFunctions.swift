package import Jobs

/// What the API needs of the trainer, as functions: the room itself knows nothing of tensors.
package struct TrainerFunctions: Sendable {
    /// Bytes that training a spec will take, planned without allocating; `Int.max` for more than can be counted.
    package var memoryBytes: @Sendable (_ spec: TrainingSpec, _ schema: (Identifier) -> DatasetSchema?) throws -> Int

    package init(
        memoryBytes: @escaping @Sendable (_ spec: TrainingSpec, _ schema: (Identifier) -> DatasetSchema?) throws -> Int
    ) {
        self.memoryBytes = memoryBytes
    }
}
