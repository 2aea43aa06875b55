import ArgumentParser
import Foundation
import Jobs

/// `tenbin models`
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "Download trained models and ask them.",
        subcommands: [List.self, Show.self, Download.self, Predict.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List models, newest first.")

        @OptionGroup var page: PageOptions
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(
                try api.get("/v1/models" + page.query()),
                columns: ["id", "name", "job", "epoch", "bytes", "created_at"])
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Show what is known of a model.")

        @OptionGroup var model: ModelArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.get(model.path))
        }
    }

    struct Download: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Write a model to a file.")

        @OptionGroup var model: ModelArgument

        @Argument(help: "The file to write.")
        var file: String

        @Option(help: "safetensors or onnx.")
        var format = "safetensors"

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            let bytes = try api.bytes("\(model.path)/content?format=\(format.escapedForQuery)")
            try Data(bytes).write(to: URL(filePath: file), options: .atomic)
        }
    }

    struct Predict: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Ask a model about rows.")

        @OptionGroup var model: ModelArgument

        @Argument(help: "A JSON file, {\"rows\": [{…}]}; - for standard input.")
        var file: String

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.post("\(model.path)/predict", JSONValue(parsing: try InputFile.bytes(of: file))))
        }
    }
}

/// A model named on the command line.
struct ModelArgument: ParsableArguments {
    @Argument(help: "The model's identifier.")
    var id: String

    var path: String { "/v1/models/\(id.escapedForPath)" }
}

/// A file named on the command line, or standard input.
enum InputFile {
    static func bytes(of name: String) throws -> [UInt8] {
        let handle = name == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: name)
        guard let data = try handle?.readToEnd() else { throw ValidationError("\(name): there is no such file") }
        return [UInt8](data)
    }
}
