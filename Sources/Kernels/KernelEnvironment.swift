import COneDNN
import COpenBLAS

/// What the numbers of a run depend on beside its inputs: two runs on equal environments give the same bytes.
package enum KernelEnvironment {
    /// `cpu`: the machine's instruction sets as far as the libraries choose by them; `openblas` and `onednn`: what is linked.
    package static let description: [String: String] = [
        "cpu": cpu, "openblas": openBLAS, "onednn": oneDNN,
    ]

    private static var openBLAS: String {
        let core = String(cString: openblas_get_corename())
        return String(cString: openblas_get_config()) + " " + core
    }

    private static var oneDNN: String {
        guard let version = dnnl_version()?.pointee else { return "unknown" }
        return "\(version.major).\(version.minor).\(version.patch) isa \(dnnl_get_effective_cpu_isa().rawValue)"
    }

    private static var cpu: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }
}
