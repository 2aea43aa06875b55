@main struct Tenbin { static func main() {} }
