// swift-tools-version: 6.2
import PackageDescription

// What somebody else's package looks like that uses this one. CI builds and runs it, debug and release.
let package = Package(
  name: "Consumer",
  dependencies: [.package(name: "swift-recurrent", path: "../..")],
  targets: [
    // The example of README.md, character for character.
    .executableTarget(
      name: "Example",
      dependencies: [
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "Recurrent", package: "swift-recurrent"),
      ]),
    // The model of README.md, character for character.
    .executableTarget(
      name: "Model",
      dependencies: [
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "Recurrent", package: "swift-recurrent"),
        .product(name: "Autodiff", package: "swift-recurrent"),
        .product(name: "SequenceModels", package: "swift-recurrent"),
      ]),
    // Checks numbers through the public interface alone; the exit status is the answer.
    .executableTarget(
      name: "GradientCheck",
      dependencies: [
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "Recurrent", package: "swift-recurrent"),
        .product(name: "SequenceModels", package: "swift-recurrent"),
      ]),
    // Checks the gradients of every ready-made model, trains it on a few sequences and lets it answer.
    .executableTarget(
      name: "Models",
      dependencies: [
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "Recurrent", package: "swift-recurrent"),
        .product(name: "Autodiff", package: "swift-recurrent"),
        .product(name: "SequenceModels", package: "swift-recurrent"),
      ]),
    // Trains a small model until it knows a sentence.
    .executableTarget(
      name: "Training",
      dependencies: [
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "Recurrent", package: "swift-recurrent"),
        .product(name: "Autodiff", package: "swift-recurrent"),
        .product(name: "SequenceModels", package: "swift-recurrent"),
      ]),
  ]
)
