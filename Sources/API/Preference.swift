/// Reads the field `Prefer` (RFC 7240 section 2): a list of preferences, each `name [= word] *( ; parameter )`.
enum Preference {
    /// The value of the first preference of that name, without the quotes of a quoted string; nil where there is none. A
    /// preference without a value has the empty one.
    static func value(of name: String, in field: String) -> String? {
        for element in elements(of: field, separator: ",") {
            guard let preference = elements(of: element, separator: ";").first else { continue }
            let parts = preference.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.first?.trimmed.lowercased() == name else { continue }
            return parts.count < 2 ? "" : unquoted(String(parts[1].trimmed))
        }
        return nil
    }

    /// The parts between separators that are not inside of quoted strings.
    private static func elements(of text: String, separator: Character) -> [String] {
        var (elements, current) = ([String](), "")
        var (isQuoted, isEscaped) = (false, false)
        for character in text {
            if character == separator, !isQuoted {
                elements.append(current)
                current = ""
                continue
            }
            current.append(character)
            if isEscaped {
                isEscaped = false
            } else if character == "\\", isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            }
        }
        return elements + [current]
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        var (result, isEscaped) = ("", false)
        for character in text.dropFirst().dropLast() {
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { result.append(character) }
        }
        return result
    }
}
