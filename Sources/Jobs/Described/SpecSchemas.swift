/// The schemas of the records that a spec is made of.
package enum SpecSchemas {
    package static let all: [(name: String, schema: JSONValue)] = [
        encoder(MLPSpec.self, .mlp), encoder(CNNSpec.self, .cnn), record(CNNSpec.Block.self),
        encoder(ResNetSpec.self, .resnet), encoder(TextSpec.self, .text), record(TextSpec.NGrams.self),
        record(OptimizerSpec.self), record(ScheduleSpec.self), record(CheckpointSpec.self),
    ]

    private static func record<Record: DescribedRecord>(
        _ type: Record.Type
    ) -> (name: String, schema: JSONValue) {
        (type.schemaName, type.schema())
    }

    private static func encoder<Record: DescribedRecord>(
        _ type: Record.Type, _ kind: EncoderSpec.Kind
    ) -> (name: String, schema: JSONValue) {
        (type.schemaName, type.schema(tag: ("type", kind.rawValue)))
    }
}
