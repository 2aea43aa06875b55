import GRDB
import Migrations

/// What a database consists of: tables with their columns, indexes, triggers and views, each as a line of text.
///
/// The texts of the schema are not compared: SQLite writes them anew when a column is added, each version in its way.
enum SchemaShape {
    /// The first thing that is in a database and should not be, or the other way round; nil when it has the shape that the
    /// migrations up to `version` make. Triggers and views that they do not make are differences too.
    static func difference(of database: Database, at version: Int) throws -> String? {
        let reference = try DatabaseQueue()
        try Schema.migrate(reference, with: migrations.filter { $0.number <= version })
        let (expected, found) = (try reference.read(parts(of:)), try parts(of: database))
        let (isExpected, isFound) = (Set(expected), Set(found))
        // Objects stand before their parts.
        if let extra = found.first(where: { !isExpected.contains($0) }) { return "unexpected \(extra)" }
        if let missing = expected.first(where: { !isFound.contains($0) }) { return "missing \(missing)" }
        return nil
    }

    private static func parts(of database: Database) throws -> [String] {
        let objects = try database.rows(
            // What SQLite itself keeps has fixed names, which nobody else can use; of these only its statistics may come and go.
            "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'"
        ) { "\(try $0.text()) \(try $0.text()) of \(try $0.text())" }
        let tables = try database.rows(
            "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
        ) { (name: try $0.text(), line: "\(try $0.text()) \(try $0.integer()) \(try $0.integer())") }
        var parts = objects
        for table in tables where !table.name.hasPrefix("sqlite_") && !table.line.hasPrefix("view") {
            parts.append("table \(table.name): \(table.line)")
            parts += try database.rows(
                "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)", [table.name]
            ) {
                let (name, type, isRequired) = (try $0.text(), try $0.text(), try $0.integer())
                let (usual, key, hidden) = (try $0.optionalText(), try $0.integer(), try $0.integer())
                return "column \(table.name).\(name): \(type) \(isRequired) \(usual ?? "-") \(key) \(hidden)"
            }
        }
        return parts
    }
}
