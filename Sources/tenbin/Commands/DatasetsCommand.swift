import ArgumentParser
import Foundation
import Jobs

/// `tenbin datasets`
struct DatasetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datasets", abstract: "Upload and look at data sets.",
        subcommands: [Upload.self, List.self, Show.self])

    struct Upload: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Upload a file; prints its identifier.")

        @Argument(help: "A .csv, .jsonl or .npz file.")
        var file: String

        @Option(help: "A name for people; the file's by default.")
        var name: String?

        @OptionGroup var client: ClientOptions

        func validate() throws {
            guard format != nil else { throw ValidationError("\(file): expected a .csv, .jsonl or .npz file") }
        }

        private var format: DatasetFormat? {
            DatasetFormat(rawValue: URL(filePath: file).pathExtension.lowercased())
        }

        func run(_ api: APIClient) throws {
            guard let format else { throw ExitCode.validationFailure }
            let name = name ?? URL(filePath: file).deletingPathExtension().lastPathComponent
            let dataset = try api.upload(file, name: name, type: format.mediaType)
            if client.json { show(dataset) } else { print(dataset.identifier) }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List data sets, newest first.")

        @OptionGroup var page: PageOptions
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(
                try api.get("/v1/datasets" + page.query()),
                columns: ["id", "name", "format", "rows", "bytes", "created_at"])
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Show what is known of a data set.")

        @Argument(help: "The data set's identifier.")
        var id: String

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.get("/v1/datasets/\(id.escapedForPath)"))
        }
    }
}

/// Which part of a list.
struct PageOptions: ParsableArguments {
    @Option(help: "Items at most.")
    var pageSize: Int?

    @Option(help: "From the end of the page before.")
    var pageToken: String?

    /// The query of the target, with further filters.
    func query(_ filters: [(String, String?)] = []) -> String {
        let items = filters + [("page_size", pageSize.map(String.init)), ("page_token", pageToken)]
        let given = items.compactMap { name, value in value.map { "\(name)=\($0.escapedForQuery)" } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }
}

extension String {
    /// Percent-encoded for one segment of a path (RFC 3986 section 3.3).
    var escapedForPath: String {
        addingPercentEncoding(withAllowedCharacters: .unreserved) ?? ""
    }

    /// Percent-encoded for a value in a query.
    var escapedForQuery: String { escapedForPath }
}

extension CharacterSet {
    /// RFC 3986 section 2.3.
    fileprivate static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
