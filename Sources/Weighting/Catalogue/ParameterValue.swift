/// A value given for a strategy's parameter, as a decoder of any format reads it.
package enum ParameterValue: Sendable, Hashable {
    case number(Double)
    case integer(Int)
    case text(String)
    case flag(Bool)
    case numbers([Double])
}

extension ParameterValue: CustomStringConvertible {
    package var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .integer(let integer): "\(integer)"
        case .text(let text): "\"\(text)\""
        case .flag(let flag): "\(flag)"
        case .numbers(let numbers): "\(numbers)"
        }
    }
}
