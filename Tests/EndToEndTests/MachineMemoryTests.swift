import Testing

@testable import tenbin

/// What is taken for the memory that the process may count on.
struct MachineMemoryTests {
    @Test func theMachineHasMemoryForJobs() {
        #expect(MachineMemory.bytesForJobs > 64 << 20)
        #expect(MachineMemory.bytesForJobs < .max / 5 * 4)
    }

    @Test(
        arguments: [
            (groups: "0::/system.slice/tenbin.service\n", bytes: 1_000),
            (groups: "0::/system.slice\n", bytes: 3_000),
            (groups: "0::/\n", bytes: nil),
            (groups: "12:cpu,memory:/docker/a\n1:name=systemd:/docker/a\n", bytes: 2_000),
            (groups: "", bytes: nil), (groups: "what is this", bytes: nil),
        ] as [(groups: String, bytes: UInt64?)])
    func theSmallestBoundOfTheGroupsHolds(groups: String, bytes: UInt64?) {
        let files = [
            "/sys/fs/cgroup/system.slice/tenbin.service/memory.max": "1000\n",
            "/sys/fs/cgroup/system.slice/memory.max": "3000\n",
            "/sys/fs/cgroup/memory.max": "max\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n",
        ]
        #expect(MachineMemory.bound(groups: groups) { files[$0] } == bytes)
    }
}
