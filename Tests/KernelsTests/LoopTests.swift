import CKernels
import Kernels
import Testing

/// Each C loop, in each of its versions, against the plain kernel in double precision.
struct LoopTests {
    @Test func bothVersionsOfTheLoopsExistWhereTheProcessorHasThem() {
        #expect(tables.map { String(cString: $0.name) }.first == "plain")
        #expect(String(cString: ckernels_best().pointee.name) == String(cString: tables[tables.count - 1].name))
    }

    @Test(arguments: tables.indices, awkwardSizes)
    func vectorLoopsAgree(table: Int, count: Int) {
        let loops = tables[table]
        var stream = RandomStream(seed: 1, name: "vectors", part: UInt64(count))
        let x = stream.normals(count)
        let y = stream.normals(count)

        var scaled = x
        loops.scale(count, 0.3, &scaled)
        #expect(largestError(scaled, doubles(x).map { $0 * Double(Float(0.3)) }) < 1e-7)
        var sum = y
        loops.add(count, x, &sum)
        #expect(largestError(sum, zip(x, y).map { Double($0) + Double($1) }) < 1e-6)
        var step = y
        loops.axpy(count, -0.7, x, &step)
        #expect(largestError(step, zip(x, y).map { Double(Float(-0.7)) * Double($0) + Double($1) }) < 1e-6)
        #expect(abs(loops.sum_of_squares(count, x) - Plain<Double>.sumOfSquares(count, doubles(x))) < 1e-10)
        #expect(abs(loops.dot(count, x, y) - Plain<Double>.dot(count, doubles(x), doubles(y))) < 1e-10)
    }

    @Test(arguments: tables.indices, awkwardSizes)
    func columnSumsAgree(table: Int, columns: Int) {
        for rows in [0, 1, 5, 17] {
            var stream = RandomStream(seed: 2, name: "columns", part: UInt64(rows * 1000 + columns))
            let matrix = stream.normals(rows * columns)
            var actual = [Float](repeating: .nan, count: columns)
            var expected = [Double](repeating: .nan, count: columns)
            tables[table].column_sums(rows, columns, matrix, &actual)
            Plain.columnSums(rows: rows, columns: columns, doubles(matrix), &expected)
            #expect(largestError(actual, expected) < 1e-5)
        }
    }

    @Test(arguments: tables.indices, ActivationFunction.allCases)
    func activationsAgree(table: Int, activation: ActivationFunction) {
        let loops = tables[table]
        let kind = ck_activation(UInt32(ActivationFunction.allCases.firstIndex(of: activation) ?? 0))
        for columns in awkwardSizes {
            for biased in [true, false] {
                let rows = 5
                var stream = RandomStream(seed: 3, name: "activations", part: UInt64(columns))
                var z = stream.normals(rows * columns, scale: 3)
                let bias = stream.normals(columns)
                let dy = stream.normals(rows * columns)
                var (y, dz) = (z, z)
                var (z64, y64, dz64) = (doubles(z), doubles(z), doubles(z))
                loops.bias_activate(kind, rows, columns, biased ? bias : nil, &z, &y)
                Plain.biasActivate(
                    activation, rows: rows, columns: columns, bias: biased ? doubles(bias) : nil, &z64, &y64)
                #expect(largestError(y, y64) < 1e-6)
                loops.activation_gradient(kind, rows * columns, z, y, dy, &dz)
                Plain.activationGradient(
                    activation, count: rows * columns, z: z64, y: y64, dy: doubles(dy), dz: &dz64)
                #expect(largestError(dz, dz64) < 2e-6)
            }
        }
    }

    @Test(arguments: tables.indices)
    func activationsOfExtremeValuesAreTheirLimitsAndKeepNaN(table: Int) {
        let loops = tables[table]
        let extremes: [Float] = [-3e38, -1000, -88, 0, 88, 1000, 3e38, .nan]
        for activation in ActivationFunction.allCases {
            let kind = ck_activation(UInt32(ActivationFunction.allCases.firstIndex(of: activation) ?? 0))
            var z = extremes
            var y = extremes
            var (z64, y64) = (doubles(z), doubles(z))
            loops.bias_activate(kind, 1, z.count, nil, &z, &y)
            Plain.biasActivate(activation, rows: 1, columns: z.count, bias: nil, &z64, &y64)
            #expect(y.last?.isNaN == true)
            #expect(largestError(y, y64) < 1e-6, "\(activation)")
        }
    }

    @Test(arguments: tables.indices, [1, 2, 3, 10, 16, 31, 64, 65, 150])
    func softmaxCrossEntropyAgrees(table: Int, classes: Int) {
        for rows in [0, 1, 7, 32, 37] {
            for (smoothing, weighted) in [(Float(0), false), (0.1, false), (0, true), (0.25, true)] {
                var stream = RandomStream(seed: 4, name: "softmax", part: UInt64(rows * 100 + classes))
                let logits = stream.normals(rows * classes, scale: 4)
                let labels = (0..<rows).map { _ in Int32(stream.integer(below: UInt64(classes + 1))) - 1 }
                let weights: [Float]? = weighted ? (0..<classes).map { _ in Float(stream.uniform() + 0.5) } : nil
                var d = logits
                var d64 = doubles(logits)
                let loss = tables[table].softmax_cross_entropy(rows, classes, logits, labels, weights, smoothing, &d)
                let expected = Plain.softmaxCrossEntropy(
                    rows: rows, classes: classes, logits: doubles(logits), labels: labels,
                    classWeights: weights.map(doubles), smoothing: Double(smoothing), dLogits: &d64)
                #expect(abs(loss.sum - expected.sum) <= 1e-5 * max(1, expected.sum))
                #expect(abs(loss.normaliser - expected.normaliser) < 1e-9)
                #expect(largestError(d, d64) < 1e-5)
            }
        }
    }

    @Test(arguments: tables.indices, [2, 10, 100])
    func logitsThatAreNotFiniteSpoilTheirOwnRowAndTheLoss(table: Int, classes: Int) {
        let rows = 20
        for (bad, value) in [(3, Float.nan), (17, .infinity), (19, .nan)] {
            var logits = [Float](repeating: 0.5, count: rows * classes)
            logits[bad * classes + 1] = value
            var d = logits
            let labels = [Int32](repeating: 0, count: rows)
            let loss = tables[table].softmax_cross_entropy(rows, classes, logits, labels, nil, 0, &d)
            #expect(loss.sum.isNaN)
            for row in 0..<rows {
                #expect(d[(row * classes)..<((row + 1) * classes)].contains { $0.isNaN } == (row == bad))
            }
        }
    }

    @Test(arguments: tables.indices, [1, 3, 12])
    func binaryCrossEntropyAgrees(table: Int, outputs: Int) {
        for rows in [0, 1, 7, 32] {
            var stream = RandomStream(seed: 5, name: "binary", part: UInt64(rows * 100 + outputs))
            let logits = stream.normals(rows * outputs, scale: 30)
            let targets = (0..<(rows * outputs)).map { _ in [Float(0), 1, .nan][Int(stream.integer(below: 3))] }
            for weights in [nil, (0..<outputs).map { Float($0) + 0.5 }] {
                var d = logits
                var d64 = doubles(logits)
                let loss = tables[table].binary_cross_entropy(rows, outputs, logits, targets, weights, &d)
                let expected = Plain.binaryCrossEntropy(
                    rows: rows, outputs: outputs, logits: doubles(logits), targets: doubles(targets),
                    positiveWeights: weights.map(doubles), dLogits: &d64)
                #expect(abs(loss.sum - expected.sum) <= 1e-9 * max(1, expected.sum))
                #expect(loss.normaliser == expected.normaliser)
                #expect(largestError(d, d64) < 1e-6)
            }
        }
    }

    @Test(arguments: tables.indices, [Distance.squared, .absolute, .huber(delta: 0.75)])
    func distancesAgree(table: Int, distance: Distance) {
        for count in awkwardSizes {
            var stream = RandomStream(seed: 6, name: "distance", part: UInt64(count))
            let values = stream.normals(count)
            var targets = stream.normals(count)
            if count > 2 { targets[1] = .nan }
            var d = values
            var d64 = doubles(values)
            let kind = [ck_mse, ck_mae, ck_huber][distance == .squared ? 0 : distance == .absolute ? 1 : 2]
            let loss = tables[table].distance(kind, count, values, targets, 0.75, &d)
            let expected = Plain.distance(
                distance, count: count, values: doubles(values), targets: doubles(targets), dValues: &d64)
            #expect(abs(loss.sum - expected.sum) <= 1e-9 * max(1, expected.sum))
            #expect(loss.normaliser == expected.normaliser)
            #expect(largestError(d, d64) < 1e-6)
        }
    }

    @Test(arguments: tables.indices, [1, 2, 10, 31, 64, 65])
    func probabilitiesAgreeAndSumToOne(table: Int, classes: Int) {
        var stream = RandomStream(seed: 7, name: "probabilities")
        let logits = stream.normals(9 * classes, scale: 20)
        var p = logits
        var p64 = doubles(logits)
        tables[table].softmax(9, classes, logits, &p)
        Plain.softmax(rows: 9, classes: classes, logits: doubles(logits), probabilities: &p64)
        #expect(largestError(p, p64) < 1e-6)
        for row in 0..<9 { #expect(abs(p[(row * classes)..<((row + 1) * classes)].reduce(0, +) - 1) < 1e-5) }
        tables[table].sigmoid(logits.count, logits, &p)
        Plain.sigmoid(count: logits.count, logits: doubles(logits), probabilities: &p64)
        #expect(largestError(p, p64) < 1e-6)
    }
}
