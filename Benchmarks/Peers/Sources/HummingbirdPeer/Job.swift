import Hummingbird

/// A finished job with the members that Tenbin's answer has for one.
struct Job: ResponseEncodable {
    struct Progress: Encodable {
        var epoch = 2
        var epochs = 2
        var batch: Int?
        var batches: Int?
        var fraction = 1.0
        var samples_per_second: Double?
        var eta_seconds: Double?
    }

    struct Task: Encodable {
        var name = "digit"
        var target = "digit"
        var type = "classification"
        var loss = "cross_entropy"
        var weight = 1.0
        var label_smoothing = 0.0
        var class_weights: [String: Double] = [:]
    }

    struct Spec: Encodable {
        struct Validation: Encodable {
            var fraction = 0.2
            var seed = 0
        }
        struct Model: Encodable {
            struct Encoder: Encodable {
                var type = "mlp"
                var hidden = [128, 64]
                var activation = "relu"
                var dropout = 0.0
                var batch_norm = false
            }
            struct Head: Encodable {
                var hidden: [Int] = []
            }
            var encoder = Encoder()
            var head = Head()
        }
        struct Weighting: Encodable {
            var strategy = "adaptive"
            var cadence = "epoch"
            var form = "ratio"
            var normalize = "none"
        }
        struct Optimizer: Encodable {
            var type = "adam"
            var learning_rate = 0.001
            var momentum = 0.0
            var nesterov = false
            var betas = [0.9, 0.999]
            var epsilon = 1e-08
            var weight_decay = 0.0
        }
        struct Schedule: Encodable {
            var type = "constant"
            var warmup_epochs = 0
            var step_epochs = 10
            var gamma = 0.1
        }
        struct Checkpoint: Encodable {
            var every_epochs = 1
            var keep = 2
        }
        var dataset = "ds_01a20b49-9aef-74f5-b38c-1ad5030dd609"
        var validation = Validation()
        var tasks = [Task()]
        var model = Model()
        var weighting = Weighting()
        var optimizer = Optimizer()
        var schedule = Schedule()
        var epochs = 2
        var batch_size = 64
        var seed = 1
        var threads = 1
        var diagnostics = false
        var checkpoint = Checkpoint()
        var priority = 0
        var max_attempts = 3
        var labels: [String: String] = [:]
    }

    var id: String
    var name: String?
    var state = "succeeded"
    var attempt = 1
    var crashes = 0
    var finish_reason = "completed"
    var dataset = "ds_01a20b49-9aef-74f5-b38c-1ad5030dd609"
    var model = "mdl_01a20b49-9b6c-73a4-ac96-ce4754b35c78"
    var best_epoch = 2
    var spec = Spec()
    var priority = 0
    var labels: [String: String] = [:]
    var memory_bytes = 2_843_712
    var progress = Progress()
    var weights_sha256 = "e5c0c094ce0757c578cdad5bfe7134b04894f26c0fa95e2e5088145fe0ec9c5f"
    var created_at = "2026-11-24T02:01:42.936Z"
    var started_at = "2026-11-24T02:01:42.962Z"
    var finished_at = "2026-11-24T02:01:43.028Z"
}
