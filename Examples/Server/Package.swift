// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who uses swift-recurrent builds an HTTP server.
let package = Package(
  name: "CharacterServer",
  products: [
    .executable(name: "CharacterServer", targets: ["CharacterServer"]),
    .executable(name: "LoadTest", targets: ["LoadTest"]),
  ],
  dependencies: [
    .package(name: "swift-recurrent", path: "../.."),
    // Without its traits, which read configuration files and format dates in other languages.
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    // A model, the answers that it writes, and the routes that ask for them.
    .target(
      name: "CharacterServing",
      dependencies: [
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "Recurrent", package: "swift-recurrent"),
        .product(name: "Autodiff", package: "swift-recurrent"),
        .product(name: "SequenceModels", package: "swift-recurrent"),
        .product(name: "ModelFiles", package: "swift-recurrent"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ]),
    .executableTarget(
      name: "CharacterServer",
      dependencies: [
        "CharacterServing",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // Starts the server and visits it as many clients: `make test-server`.
    .executableTarget(
      name: "LoadTest",
      dependencies: [
        "CharacterServing",
        .product(name: "LinAlg", package: "swift-recurrent"),
        .product(name: "SequenceModels", package: "swift-recurrent"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
  ]
)
