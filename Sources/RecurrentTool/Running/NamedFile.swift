import ArgumentParser

/// An input of a model and the file that it is read from: `--input NAME=FILE`.
struct NamedFile: ExpressibleByArgument, Equatable {
  var name: String
  var path: String

  init(name: String, path: String) { (self.name, self.path) = (name, path) }

  init?(argument: String) {
    guard let place = argument.firstIndex(of: "="), place != argument.startIndex else { return nil }
    name = String(argument[..<place])
    path = String(argument[argument.index(after: place)...])
    if path.isEmpty { return nil }
  }
}

/// An output of a model that is an input of the next step: `--stream NAME_OUT=NAME_IN`.
struct Feedback: ExpressibleByArgument, Equatable {
  var output: String
  var input: String

  init(output: String, input: String) { (self.output, self.input) = (output, input) }

  init?(argument: String) {
    guard let place = argument.firstIndex(of: "="), place != argument.startIndex else { return nil }
    output = String(argument[..<place])
    input = String(argument[argument.index(after: place)...])
    if input.isEmpty { return nil }
  }
}
