import CLinux

/// Where the C library takes memory from.
///
/// It gives threads up to eight arenas a core, and what one arena has kept is of no use to another. Threads come and go here,
/// so each arena would grow to what its busiest moment took, one after the other for hours. With an arena a core they are
/// as large as they get within minutes.
enum Arenas {
    private static let countMin = 2

    /// Takes effect for threads that have not asked for memory yet, so it is called first of all.
    static func limit(toCores cores: Int) {
        _ = mallopt(M_ARENA_MAX, Int32(clamping: max(countMin, cores)))
    }
}
