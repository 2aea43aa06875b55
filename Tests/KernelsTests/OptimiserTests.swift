import Kernels
import Testing

struct OptimiserTests {
    @Test(arguments: [false, true], awkwardSizes)
    func adamAgreesWithThePlainKernelOverManySteps(decoupled: Bool, count: Int) {
        var stream = RandomStream(seed: 1, name: "adam", part: UInt64(count))
        var parameter = stream.normals(count)
        var (mean, variance) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        var (parameter64, mean64, variance64) = (doubles(parameter), doubles(mean), doubles(variance))
        for step in 1...20 {
            let gradient = stream.normals(count)
            let adam = AdamStep(
                learningRate: 0.01, weightDecay: 0.1, decoupled: decoupled, step: step, gradientScale: 0.5)
            Float.adam(
                adam, count: count, gradient: gradient, parameter: &parameter, mean: &mean, variance: &variance)
            Double.adam(
                adam, count: count, gradient: doubles(gradient), parameter: &parameter64, mean: &mean64,
                variance: &variance64)
        }
        #expect(largestError(parameter, parameter64) < 1e-5)
        #expect(largestError(mean, mean64) < 1e-5)
        #expect(largestError(variance, variance64) < 1e-5)
    }

    @Test(arguments: [0, 0.9], [false, true])
    func descentAgreesWithThePlainKernelOverManySteps(momentum: Double, nesterov: Bool) {
        for count in awkwardSizes {
            var stream = RandomStream(seed: 2, name: "sgd", part: UInt64(count))
            var parameter = stream.normals(count)
            // What the first step must not read.
            var buffer = [Float](repeating: 1000, count: count)
            var (parameter64, buffer64) = (doubles(parameter), doubles(buffer))
            for step in 1...20 {
                let gradient = stream.normals(count)
                let descent = DescentStep(
                    learningRate: 0.01, momentum: momentum, nesterov: nesterov, weightDecay: 0.1, isFirst: step == 1)
                Float.descend(
                    descent, count: count, gradient: gradient, parameter: &parameter, momentum: &buffer)
                Double.descend(
                    descent, count: count, gradient: doubles(gradient), parameter: &parameter64, momentum: &buffer64)
            }
            #expect(largestError(parameter, parameter64) < 1e-5)
        }
    }

    /// By hand: after bias correction the first step of Adam is the learning rate against the gradient's sign.
    @Test func theFirstStepOfAdamHasTheLengthOfTheLearningRate() {
        var parameter = [1.0, 1.0]
        var (mean, variance) = ([0.0, 0.0], [0.0, 0.0])
        Double.adam(
            AdamStep(learningRate: 0.1, step: 1), count: 2, gradient: [3, -0.002], parameter: &parameter,
            mean: &mean, variance: &variance)
        #expect(abs(parameter[0] - 0.9) < 1e-6)
        #expect(abs(parameter[1] - 1.1) < 1e-6)
    }

    /// By hand: buffers 1, 1.9; Nesterov looks one step of momentum ahead.
    @Test func momentumStartsAsTheGradient() {
        var parameter = [0.0]
        var buffer = [0.0]
        for step in 1...2 {
            let descent = DescentStep(learningRate: 1, momentum: 0.9, isFirst: step == 1)
            Double.descend(descent, count: 1, gradient: [1], parameter: &parameter, momentum: &buffer)
        }
        #expect(abs(parameter[0] + 2.9) < 1e-12)
        var ahead = [0.0]
        let nesterov = DescentStep(learningRate: 1, momentum: 0.9, nesterov: true, isFirst: true)
        Double.descend(nesterov, count: 1, gradient: [1], parameter: &ahead, momentum: &buffer)
        #expect(abs(ahead[0] + 1.9) < 1e-12)
    }
}
