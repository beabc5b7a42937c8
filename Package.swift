// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "swift-recurrent",
  products: [
    .library(name: "LinAlg", targets: ["LinAlg"]),
    .library(name: "Recurrent", targets: ["Recurrent"]),
    .library(name: "Autodiff", targets: ["Autodiff"]),
    .library(name: "SequenceModels", targets: ["SequenceModels"]),
    .library(name: "Pictures", targets: ["Pictures"]),
    .library(name: "ModelFiles", targets: ["ModelFiles"]),
    .library(name: "OnnxModels", targets: ["OnnxModels"]),
    // Empty without the trait `Distributed`.
    .library(name: "DistributedTraining", targets: ["DistributedTraining"]),
    .executable(name: "Bench", targets: ["Bench"]),
    // Not a target of this name: where file systems ignore case it would share a folder with `Recurrent`.
    .executable(name: "recurrent", targets: ["RecurrentTool"]),
  ],
  traits: [
    .trait(
      name: "Distributed",
      description: "Training on many machines: the module DistributedTraining, which needs MPI.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // OpenBLAS and LAPACKE as the operating system ships them.
    .systemLibrary(
      name: "CBLAS",
      pkgConfig: "openblas",
      providers: [
        .apt(["libopenblas-dev", "liblapacke-dev"]),
        .brew(["openblas", "lapack"]),
      ]),

    // C microkernels, one file per instruction set, chosen at run time. They are optimised in debug
    // builds too: an unoptimised vector kernel is hundreds of times slower and no easier to debug.
    // Functions and loops begin at a cache line, so that how a kernel lies does not depend on what stands
    // before it: short ones moved by up to 23 %.
    .target(
      name: "CKernels",
      cSettings: [.unsafeFlags(["-O3", "-falign-functions=64", "-falign-loops=64"])]),

    .target(
      name: "LinAlg",
      dependencies: [
        "CBLAS", "CKernels",
        .product(name: "ComplexModule", package: "swift-numerics"),
        .product(name: "RealModule", package: "swift-numerics"),
      ]),

    .target(
      name: "Recurrent",
      dependencies: ["LinAlg", "CKernels"]),

    // Reverse-mode graphs whose nodes are whole-batch operations.
    .target(
      name: "Autodiff",
      dependencies: [
        "LinAlg", "Recurrent",
        .product(name: "RealModule", package: "swift-numerics"),
      ]),

    // Writes files whole or not at all.
    .target(name: "WholeFiles"),

    // Pictures and pages, and numbers and progress as they are printed.
    .target(name: "Charts"),

    .target(
      name: "SequenceModels",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "WholeFiles", "Charts",
        .product(name: "RealModule", package: "swift-numerics"),
      ]),

    // libpng as the operating system ships it: for those who use Pictures, and for nobody else.
    .systemLibrary(
      name: "CPNG",
      pkgConfig: "libpng",
      providers: [
        .apt(["libpng-dev"]),
        .brew(["libpng"]),
      ]),

    // Batches of pixels as PNG files.
    .target(
      name: "Pictures",
      dependencies: ["CPNG", "LinAlg", "SequenceModels", "WholeFiles"]),

    // zlib as the operating system ships it: for those who use ModelFiles, and for nobody else.
    .systemLibrary(
      name: "CZLib",
      pkgConfig: "zlib",
      providers: [
        .apt(["zlib1g-dev"]),
        .brew(["zlib"]),
      ]),

    // Files of tensors, and the weights of other frameworks.
    .target(
      name: "ModelFiles",
      dependencies: [
        "CZLib", "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "WholeFiles",
      ]),

    // ONNX files: for those who use OnnxModels, and for nobody else, since they need swift-protobuf.
    .target(
      name: "OnnxModels",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "WholeFiles",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Schema/onnx.proto"]),

    // MPI as the operating system ships it: for those who turn the trait `Distributed` on, and for nobody
    // else.
    .systemLibrary(
      name: "CMPI",
      pkgConfig: "ompi-c",
      providers: [
        .apt(["libopenmpi-dev"]),
        .brew(["open-mpi"]),
      ]),

    // One training on many machines. Not called `Distributed`: the toolchain has a module of this name.
    .target(
      name: "DistributedTraining",
      dependencies: [
        .target(name: "CMPI", condition: .when(traits: ["Distributed"])),
        "LinAlg", "Recurrent", "Autodiff", "SequenceModels",
      ]),

    // The naive scalar loops. Imports nothing of ours, so that it can share no bug with the engine.
    // Optimised in debug builds too: most tests compare with them, and spent half their time here.
    .target(
      name: "ReferenceLoops",
      dependencies: [.product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: [
        // With the messages of its traps, which `-O` alone leaves out.
        .unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))
      ]),

    // Counts heap allocations by interposing malloc: linked into Bench and into tests only.
    .target(name: "CAllocationCounter"),

    // What one core can do at best, as loops of its own: the yardsticks of Bench.
    .target(name: "CMachineProbe", cSettings: [.unsafeFlags(["-O3"])]),

    .executableTarget(
      name: "Bench",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "ModelFiles", "ReferenceLoops",
        "CAllocationCounter", "CMachineProbe", "WholeFiles", "Charts",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // The command `recurrent`: files of models from the shell.
    .executableTarget(
      name: "RecurrentTool",
      dependencies: [
        "Recurrent", "ModelFiles", "OnnxModels", "Charts",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .executableTarget(
      name: "CharacterModel",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "SequenceModels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/CharacterModel"),

    .executableTarget(
      name: "AddingProblem",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "SequenceModels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/AddingProblem"),

    .executableTarget(
      name: "Experiments",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "Pictures", "WholeFiles", "Charts",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      path: "Examples/Experiments"),

    // Reads the golden files of Tests/Golden for the tests of the engine and of the naive loops.
    .target(name: "GoldenSupport", path: "Tests/GoldenSupport"),

    // Looks at many numbers, optimised in debug builds too.
    .target(
      name: "TestNumbers",
      path: "Tests/TestNumbers",
      swiftSettings: [.unsafeFlags(["-O"], .when(configuration: .debug))]),

    // Compares kernels with double-precision references over as many floats as there are; memory
    // between guard pages.
    .target(
      name: "CTestSupport",
      dependencies: ["CKernels"],
      path: "Tests/TestSupport",
      cSettings: [.unsafeFlags(["-O3"])]),

    // Random calls with objects that fit, almost fit or do not: `make test-memory`.
    .executableTarget(
      name: "MixUps",
      dependencies: ["LinAlg", "Recurrent", "Autodiff", "SequenceModels", "CMemoryChecks"],
      path: "Tests/MixUps"),
    // Second processes for it, and a look at what OpenBLAS is given. Apart from what tests need, whose kernels
    // take long to build with AddressSanitizer.
    .target(name: "CMemoryChecks", path: "Tests/MemoryChecks"),

    // Runs ONNX's own cases of its operators: `make test-onnx`.
    .executableTarget(
      name: "OnnxCases",
      dependencies: ["OnnxModels", "LinAlg", "Recurrent", "Autodiff", "SequenceModels"],
      path: "Tests/OnnxCases"),

    // What several ranks do, together: `make test-distributed`.
    .executableTarget(
      name: "DistributedChecks",
      dependencies: [
        "DistributedTraining", "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "ModelFiles",
        "Charts",
      ],
      path: "Tests/DistributedChecks"),

    // Runs ONNX models beside ONNX Runtime: `make bench-peers ARGS="--suite onnx"`. Not a command of Bench,
    // which would make everybody who measures build swift-protobuf.
    .executableTarget(
      name: "OnnxPeer",
      dependencies: ["OnnxModels", "LinAlg"],
      path: "Tests/OnnxPeer"),

    .testTarget(
      name: "LinAlgTests",
      dependencies: [
        "LinAlg", "CKernels", "CAllocationCounter", "CTestSupport",
        .product(name: "RealModule", package: "swift-numerics"),
      ]),
    .testTarget(
      name: "RecurrentTests",
      dependencies: [
        "LinAlg", "Recurrent", "ReferenceLoops", "CKernels", "GoldenSupport", "CAllocationCounter",
        "CTestSupport", "TestNumbers",
      ]),
    .testTarget(
      name: "AutodiffTests",
      dependencies: ["LinAlg", "Recurrent", "Autodiff", "CAllocationCounter"]),
    .testTarget(
      name: "ReferenceLoopsTests",
      dependencies: ["ReferenceLoops", "GoldenSupport"]),
    .testTarget(
      name: "SequenceModelsTests",
      dependencies: [
        "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "CharacterModel", "AddingProblem",
        "CAllocationCounter",
        .product(name: "RealModule", package: "swift-numerics"),
      ]),
    .testTarget(
      name: "WholeFilesTests",
      dependencies: ["WholeFiles"]),
    .testTarget(
      name: "ChartsTests",
      dependencies: ["Charts"]),
    .testTarget(
      name: "PicturesTests",
      dependencies: ["Pictures", "CPNG", "SequenceModels"]),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: [
        "ModelFiles", "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "GoldenSupport",
      ]),
    .testTarget(
      name: "OnnxModelsTests",
      dependencies: [
        "OnnxModels", "OnnxCases", "LinAlg", "Recurrent", "Autodiff", "SequenceModels",
        "CAllocationCounter",
      ]),
    .testTarget(
      name: "RecurrentToolTests",
      dependencies: [
        "RecurrentTool", "ModelFiles", "OnnxModels", "OnnxCases", "LinAlg", "Recurrent", "Autodiff",
        "SequenceModels",
      ]),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: ["Experiments", "LinAlg", "Recurrent", "Autodiff", "SequenceModels"]),
    .testTarget(
      name: "BenchTests",
      dependencies: ["Bench", "LinAlg", "ReferenceLoops", "CAllocationCounter"]),
  ]
)

// `make lint` and CI set this: there a warning is an error, in our own targets. Not for everybody: a
// newer compiler's new warning would break a build that was fine, and SwiftPM 6.3 mangles the C flags
// of a dependency that carries these settings.
if Context.environment["SWIFT_RECURRENT_STRICT"] != nil {
  for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
    target.cSettings =
      (target.cSettings ?? []) + [.enableWarning("all"), .treatAllWarnings(as: .error)]
  }
}
