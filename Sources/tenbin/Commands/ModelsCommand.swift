import ArgumentParser
import Foundation
import HTTPClient
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

        @Argument(help: "The file to write; its name ends in .safetensors or .onnx.")
        var file: String

        @Option(help: "safetensors or onnx, whatever the file's name.")
        var format: String?

        @OptionGroup var client: ClientOptions

        func validate() throws {
            guard chosenFormat != nil else {
                throw ValidationError(
                    "\(file): expected a name that ends in .safetensors or .onnx; otherwise --format says which is meant"
                )
            }
        }

        private static let formats = ["safetensors", "onnx"]

        private var chosenFormat: String? {
            let suffix = URL(filePath: file).pathExtension.lowercased()
            return Self.formats.first { $0 == format ?? suffix }
        }

        func run(_ api: APIClient) throws {
            guard let chosenFormat else { throw ExitCode.validationFailure }
            let output = try ReplacedFile(path: file, permissions: 0o666)
            do {
                try api.download("\(model.path)/content?format=\(chosenFormat)") { piece throws(ClientError) in
                    try output.append(piece)
                }
                try output.finish()
            } catch {
                output.discard()
                throw error
            }
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
    /// - Throws: `InputFailure` with the file's name, and where in it the JSON ends to be JSON.
    static func document(of name: String) throws(InputFailure) -> JSONValue {
        let shown = name == "-" ? "standard input" : name
        let handle = name == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: name)
        guard let handle else {
            throw InputFailure(description: "cannot read \(name): \(String(cString: strerror(errno)))")
        }
        // At the end of the input nothing comes at all.
        guard let data = try? handle.readToEnd() ?? Data() else {
            throw InputFailure(description: "cannot read \(shown)")
        }
        do {
            return try JSONValue(parsing: [UInt8](data))
        } catch {
            throw InputFailure(description: "\(shown) is not JSON: \(error)")
        }
    }
}
