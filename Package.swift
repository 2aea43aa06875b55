// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: language mode 6 comes with the tools version.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// A room of the house. ARCHITECTURE.md draws the arrows, and `ArchitectureTests` holds the imports against them.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "tenbin",
    products: [
        .executable(name: "tenbin", targets: ["tenbin"]),
        // Preloaded into servers whose power is cut by the tests.
        .library(name: "PowerCut", type: .dynamic, targets: ["CPowerCut"]),
        // Preloaded into servers whose disk fails.
        .library(name: "DiskFaults", type: .dynamic, targets: ["CDiskFaults"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The rooms, from the vocabulary up.
        room("Weighting"),
        room("Locks"),
        room("Jobs", ["Weighting"]),
        room("Comparisons", ["Jobs", "Weighting"]),
        room("Compression", ["CZlib"]),
        room("Datasets", ["Jobs", "Locks", "Compression", "CZlib", crypto]),
        room("Kernels", ["COpenBLAS", "COneDNN", "CKernels", "Locks"]),
        room(
            "Trainer", ["Kernels", "Weighting", "Datasets", "Jobs", "Locks", crypto, protobuf],
            exclude: ["Export/ONNX/onnx.proto"]),
        .target(
            name: "Migrations", path: "Migrations",
            resources: [
                .embedInCode("0001_initial.sql"), .embedInCode("0002_dataset_digests.sql"),
                .embedInCode("0003_retention.sql"), .embedInCode("0004_api_keys.sql"),
                .embedInCode("0005_comparisons.sql"), .embedInCode("0006_best_of_tasks.sql"),
                .embedInCode("0007_data_folder.sql"),
                .embedInCode("0008_owner_storage.sql"),
                .embedInCode("0009_comparison_ends.sql"),
            ],
            swiftSettings: strict),
        room("JobStore", ["Jobs", "Migrations", "Locks", crypto, grdb, logging, metrics]),
        room("WorkerPool", ["JobStore", "Jobs", "Locks", logging]),
        room("HTTPWire", ["CNghttp2", httpTypes]),
        room("HTTPClient", ["COpenSSL", "CLinux"]),
        room("HTTPServer", ["HTTPWire", "Locks", "COpenSSL", "CLinux", httpTypes, logging]),
        room(
            "API",
            [
                "HTTPWire", "JobStore", "Datasets", "Comparisons", "Weighting", "Jobs", "Locks", "Compression",
                "CResources",
                crypto, httpTypes, logging, metrics,
            ]),
        .executableTarget(
            name: "tenbin",
            dependencies: [
                "API", "HTTPServer", "HTTPClient", "HTTPWire", "WorkerPool", "JobStore", "Trainer", "Datasets",
                "Comparisons", "Kernels", "Jobs", "Weighting", "Locks", "CLinux", argumentParser, httpTypes, logging,
                metrics,
            ],
            swiftSettings: strict),

        // CKernels is the only C with logic; CResources carries files; the others are a module map and a shim each.
        .target(name: "CKernels"),
        .target(name: "CResources", exclude: ["dashboard.html"]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-openmp-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Programs that measure, and that outside clients are pointed at.
        .executableTarget(
            name: "HTTPEcho", dependencies: ["HTTPServer", "HTTPWire", httpTypes, logging], path: "Benchmarks/HTTPEcho",
            swiftSettings: strict),
        .executableTarget(
            name: "DatasetReading", dependencies: ["Datasets", "Jobs", "Weighting"], path: "Benchmarks/datasets",
            exclude: ["run.sh"], swiftSettings: strict),
        .executableTarget(
            name: "MemoryPlans", dependencies: ["Trainer", "Datasets", "Jobs", "CZlib"], path: "Benchmarks/memory",
            exclude: ["run.sh"], swiftSettings: strict),
        .executableTarget(
            name: "WeightingCost", dependencies: ["Trainer", "Kernels", "Datasets", "Weighting", "Jobs"],
            path: "Benchmarks/weighting", exclude: ["run.sh"], swiftSettings: strict),
        .executableTarget(
            name: "TrainingSteps", dependencies: ["Trainer", "Kernels", "Weighting", "Datasets", "Jobs", "Locks"],
            path: "Benchmarks/training", exclude: ["run.sh", "compare.py", "peer.py", "machine.c"],
            swiftSettings: strict),
        .executableTarget(
            name: "ProductSpeeds", dependencies: ["Kernels"], path: "Benchmarks/products", exclude: ["run.sh"],
            swiftSettings: strict),
        .executableTarget(
            name: "VerdictStatistics", dependencies: ["Comparisons"], path: "Benchmarks/verdict", exclude: ["run.sh"],
            swiftSettings: strict),
        .executableTarget(
            name: "VerdictRuns", dependencies: ["Comparisons", "Trainer", "Datasets", "Jobs", "Locks"],
            path: "Benchmarks/VerdictRuns", swiftSettings: strict),
        .target(
            name: "LoadGenerator", dependencies: ["Jobs", "Locks"], path: "Benchmarks/LoadGenerator",
            swiftSettings: strict),
        .executableTarget(
            name: "JobsBenchmark",
            dependencies: [
                "LoadGenerator", "WorkerPool", "JobStore", "Trainer", "Datasets", "Jobs", "Locks", "Migrations", grdb,
                logging,
            ],
            path: "Benchmarks/jobs", exclude: ["run.sh"], swiftSettings: strict),
        .executableTarget(
            name: "SoakTool", dependencies: ["LoadGenerator", "Jobs", "Locks", argumentParser], path: "Tools/Soak",
            swiftSettings: strict),

        // Keeps openapi.json and the generated part of openapi.yaml up to date.
        .executableTarget(
            name: "OpenAPITool", dependencies: ["Jobs", "Weighting", yams], path: "Tools/OpenAPI",
            swiftSettings: strict),

        // What several test targets share.
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict),
        tests("Architecture", ["Jobs"]),
        tests("Compression", ["Compression"]),
        tests("Comparisons", ["Comparisons", "VerdictStatistics", "Jobs"], resources: [.copy("Reference")]),
        tests("Weighting", ["Weighting"], resources: [.copy("Reference")]),
        tests("Jobs", ["Jobs", "Weighting"]),
        tests("Datasets", ["Datasets", "Jobs", "Locks", "Weighting", crypto], resources: [.copy("Arrays")]),
        tests("Kernels", ["Kernels", "CKernels", "Locks"]),
        tests(
            "Trainer", ["Trainer", "Kernels", "Weighting", "Datasets", "Jobs", "Locks", protobuf],
            resources: [.copy("Reference")]),
        tests("JobStore", ["JobStore", "Jobs", "Migrations", "Locks", grdb, logging, metricsTestKit]),
        tests("WorkerPool", ["WorkerPool", "JobStore", "Jobs", "Locks", "TestSupport", logging]),
        tests("HTTPWire", ["HTTPWire", httpTypes]),
        tests(
            "HTTPClient", ["HTTPClient", "HTTPServer", "HTTPWire", "Locks", httpTypes, logging],
            resources: [.copy("Servers")]),
        tests(
            "HTTPServer", ["HTTPServer", "HTTPWire", "Locks", "TestSupport", httpTypes, logging],
            resources: [.copy("Clients")]),
        tests(
            "API",
            [
                "API", "OpenAPITool", "Compression", "HTTPWire", "JobStore", "Datasets", "Weighting", "Jobs", "Locks",
                crypto, httpTypes, logging, metrics, yams,
            ]),
        tests(
            "EndToEnd", ["tenbin", "HTTPClient", "HTTPServer", "HTTPWire", "Jobs", argumentParser, httpTypes, logging],
            resources: [.copy("Clients"), .copy("Stores")]),
        .target(name: "CPowerCut", path: "Tests/PowerCut"),
        .target(name: "CDiskFaults", path: "Tests/DiskFaults"),
        tests("Kill", ["tenbin", "HTTPClient", "Jobs", "Locks"], resources: [.copy("Images")]),
    ],
    cLanguageStandard: .c2x
)

// Fuzzers have no `main` of their own, libFuzzer brings it: they are built by `Fuzz/run` only.
if Context.environment["TENBIN_FUZZ"] != nil {
    package.targets.append(
        .target(
            name: "DatasetFuzzing", dependencies: ["Datasets", "Jobs", "Weighting"], path: "Fuzz/DatasetFuzzing",
            swiftSettings: strict))
    for name in ["CSV", "JSONLines", "NPZ"] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)", dependencies: ["DatasetFuzzing"], path: "Fuzz/\(name)",
                swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
    }
    let requests: [(name: String, rooms: [Target.Dependency])] = [
        ("Predict", ["Datasets", "Compression", "Jobs"]), ("Comparison", ["Comparisons", "Jobs"]),
        ("Cursors", ["API", "HTTPWire", "JobStore", "Jobs", "Locks", httpTypes, logging]),
    ]
    for (name, rooms) in requests {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)", dependencies: rooms, path: "Fuzz/\(name)",
                swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
    }
    for name in ["HTTP1", "HTTP2"] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)", dependencies: ["HTTPWire", httpTypes], path: "Fuzz/\(name)",
                swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
    }
    package.targets.append(
        .target(
            name: "StoreFuzzing",
            dependencies: ["API", "JobStore", "HTTPWire", "Jobs", "Locks", httpTypes, logging],
            path: "Fuzz/StoreFuzzing", swiftSettings: strict))
    for name in ["Backup", "Database"] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)", dependencies: ["StoreFuzzing"], path: "Fuzz/\(name)",
                swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
    }
}
