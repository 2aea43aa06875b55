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
            try ReplacedFile.replace(with: bytes, at: file)
        }
    }

    struct Predict: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Ask a model about rows.")

        @OptionGroup var model: ModelArgument

        @Argument(help: "A JSON file, {\"rows\": [{…}]}; - for standard input.")
        var file: String

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.post("\(model.path)/predict", InputFile.document(of: file)))
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
    /// Reads a JSON document.
    ///
    /// - Throws: `ValidationError` with the file's name, and where in it the JSON ends to be JSON.
    static func document(of name: String) throws(ValidationError) -> JSONValue {
        let handle = name == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: name)
        guard let handle else { throw ValidationError("\(name): there is no such file") }
        // At the end of the input nothing comes at all.
        guard let data = try? handle.readToEnd() ?? Data() else { throw ValidationError("\(name): cannot be read") }
        do {
            return try JSONValue(parsing: [UInt8](data))
        } catch {
            throw ValidationError("\(name): \(error)")
        }
    }
}
