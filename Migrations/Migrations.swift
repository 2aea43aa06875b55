/// One step of the database's schema: a numbered file of this folder, embedded in the binary.
package struct Migration: Sendable {
    /// The schema version that this step leads to, counting from 1.
    package let number: Int
    /// The file's name without its extension, `0001_initial`.
    package let name: String
    package let sql: String
}

/// Every migration in order. Never edited once released: a change of schema is a new file and a new line here.
package let migrations: [Migration] = [
    // Embedding drops a leading digit from the name that it makes of the file's.
    Migration(number: 1, name: "0001_initial", sql: text(PackageResources._001_initial_sql)),
    Migration(number: 2, name: "0002_dataset_digests", sql: text(PackageResources._002_dataset_digests_sql)),
    Migration(number: 3, name: "0003_retention", sql: text(PackageResources._003_retention_sql)),
    Migration(number: 4, name: "0004_api_keys", sql: text(PackageResources._004_api_keys_sql)),
    Migration(number: 5, name: "0005_comparisons", sql: text(PackageResources._005_comparisons_sql)),
    Migration(number: 6, name: "0006_best_of_tasks", sql: text(PackageResources._006_best_of_tasks_sql)),
    Migration(number: 7, name: "0007_data_folder", sql: text(PackageResources._007_data_folder_sql)),
    Migration(number: 8, name: "0008_owner_storage", sql: text(PackageResources._008_owner_storage_sql)),
    Migration(number: 9, name: "0009_comparison_ends", sql: text(PackageResources._009_comparison_ends_sql)),
]

private func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
}
