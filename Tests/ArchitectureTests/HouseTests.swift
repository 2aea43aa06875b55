import Foundation
import Testing

/// The house as ARCHITECTURE.md draws it, held against what the sources do.
struct HouseTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// What any room may import: the language's own libraries.
    private static let free: Set = [
        "Swift", "Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Musl", "Synchronization",
        "PackageDescription",
    ]

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Room → what it may import, from the fenced block of ARCHITECTURE.md.
    private static func arrows() throws -> [String: Set<String>] {
        let page = try text("ARCHITECTURE.md")
        let block = try #require(
            page.components(separatedBy: "```house\n").dropFirst().first?.components(separatedBy: "```").first)
        let lines = block.split(separator: "\n").map { $0.components(separatedBy: "→") }
        return Dictionary(
            uniqueKeysWithValues: try lines.map { parts in
                try #require(parts.count == 2)
                return (
                    parts[0].trimmingCharacters(in: .whitespaces), Set(parts[1].split(separator: " ").map(String.init))
                )
            })
    }

    private static func swiftFiles(of room: String) throws -> [URL] {
        let folder = root.appending(path: room == "Migrations" ? "Migrations" : "Sources/\(room)")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    }

    /// Every module that a Swift source imports, whatever the access level or the kind of import.
    static func imports(in source: String) -> Set<String> {
        let pattern =
            /^\s*(?:@[\w()]+\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        return Set(source.split(separator: "\n").compactMap { try? pattern.firstMatch(in: $0)?.1 }.map(String.init))
    }

    @Test func everyRoomImportsOnlyWhatTheHouseAllows() throws {
        let arrows = try Self.arrows()
        for (room, allowed) in arrows {
            for file in try Self.swiftFiles(of: room) {
                let imports = Self.imports(in: try String(contentsOf: file, encoding: .utf8))
                let forbidden = imports.subtracting(allowed).subtracting(Self.free)
                #expect(forbidden.isEmpty, "\(room)/\(file.lastPathComponent) imports \(forbidden.sorted())")
            }
        }
    }

    @Test func thePackageGivesNoRoomADependencyThatTheHouseDoesNotAllow() throws {
        let manifest = try Self.text("Package.swift")
        // `let crypto = Target.Dependency.product(name: "Crypto", …)`
        let products = Dictionary(
            manifest.matches(of: /let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/).map {
                (String($0.1), String($0.2))
            }, uniquingKeysWith: { first, _ in first })
        let arrows = try Self.arrows()
        let rooms = manifest.matches(of: /room\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/)
        #expect(rooms.count >= 10)
        for room in rooms {
            let allowed = try #require(arrows[String(room.1)], "\(room.1) is not in the house")
            for word in (room.2 ?? "").split(separator: ",") {
                let name = word.trimmingCharacters(in: .whitespacesAndNewlines.union(["\""]))
                guard !name.isEmpty else { continue }
                #expect(allowed.contains(products[name] ?? name), "\(room.1) → \(name)")
            }
        }
    }

    @Test func everyFolderOfSourcesIsARoomOrASystemLibrary() throws {
        let arrows = try Self.arrows()
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
        let rooms = folders.filter {
            !($0.hasPrefix("C") && $0.dropFirst().first?.isUppercase == true) && !$0.hasPrefix(".")
        }
        #expect(Set(rooms + ["Migrations"]) == Set(arrows.keys))
    }

    @Test func theArrowsFormNoCircle() throws {
        var open = try Self.arrows()
        while let leaf = open.first(where: { room in room.value.allSatisfy { open[$0] == nil } }) {
            open[leaf.key] = nil
        }
        #expect(open.isEmpty, "in a circle: \(open.keys.sorted())")
    }

    @Test(
        arguments: [
            ("import Jobs", ["Jobs"]), ("package import Jobs", ["Jobs"]), ("@testable import Jobs", ["Jobs"]),
            ("@preconcurrency internal import GRDB", ["GRDB"]), ("import struct Foundation.Date", ["Foundation"]),
            ("// import Jobs", []), ("let important = 3", []),
        ] as [(String, [String])])
    func importsAreReadFromALine(line: String, modules: [String]) {
        #expect(Self.imports(in: line) == Set(modules))
    }
}
