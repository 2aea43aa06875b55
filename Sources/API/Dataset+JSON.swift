import JobStore
import Jobs

extension JSONWriter {
    mutating func value(_ dataset: DatasetRecord) {
        object { writer in
            writer.name("id")
            writer.value(dataset.id.description)
            writer.name("name")
            writer.value(dataset.name)
            writer.name("format")
            writer.value(dataset.schema.format.rawValue)
            writer.name("bytes")
            writer.value(dataset.bytes)
            writer.name("sha256")
            writer.value(dataset.sha256)
            writer.name("rows")
            writer.value(dataset.schema.rows)
            writer.name("columns")
            writer.array { writer in dataset.schema.columns.forEach { writer.value($0) } }
            writer.name("created_at")
            writer.value(dataset.createdAt)
        }
    }

    private mutating func value(_ column: ColumnProfile) {
        object { writer in
            writer.name("name")
            writer.value(column.name)
            writer.name("type")
            writer.value(column.type.rawValue)
            writer.name("missing")
            writer.value(column.missing)
            writer.name("distinct")
            writer.value(column.distinct)
            writer.name("minimum")
            writer.value(column.minimum)
            writer.name("maximum")
            writer.value(column.maximum)
            writer.name("mean")
            writer.value(column.mean)
            writer.name("shape")
            writer.value(JSONValue(column.shape))
            writer.name("top_values")
            writer.array { writer in
                for entry in column.topValues {
                    writer.object { writer in
                        writer.name("value")
                        writer.value(entry.value)
                        writer.name("count")
                        writer.value(entry.count)
                    }
                }
            }
        }
    }
}
