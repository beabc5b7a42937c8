import Autodiff
import LinAlg
import Recurrent

/// What an optimizer remembers, so that another can go on from there.
public struct OptimizerState<Parameters: ParameterSet>: Sendable {
  /// How many steps have been taken.
  public var stepCount: Int
  /// The size of the next steps.
  public var learningRate: Double
  /// Numbers of the shape of the parameters, by name.
  public var moments: [(name: String, values: Parameters)]

  /// A state.
  public init(
    stepCount: Int, learningRate: Double, moments: [(name: String, values: Parameters)]
  ) {
    (self.stepCount, self.learningRate, self.moments) = (stepCount, learningRate, moments)
  }
}

/// An optimizer whose state can be kept and put back.
public protocol ResumableOptimizer<Parameters>: Optimizer {
  /// All that its next steps follow from besides what it was made with.
  ///
  /// - Precondition: a state assigned has the moments of this optimizer, of the same shapes.
  var state: OptimizerState<Parameters> { get set }
}

/// A training between two updates: all that what comes after follows from, besides what the caller gives a
/// ``Trainer`` anew (the batches, the loss, the schedule, the limits).
///
/// The batches have to be those of the run before: functions of the epoch and of the place in it.
public struct TrainingSnapshot<Scalar: RecurrentScalar>: Sendable {
  /// The model's.
  public var parameters: ModelParameters<Scalar>
  /// Those of the best validation so far; nil where there is none to keep.
  public var best: ModelParameters<Scalar>?
  /// What the optimizer remembers.
  public var optimizer: OptimizerState<ModelParameters<Scalar>>
  /// What the steps carry on, such as the state of a language model; nil where they carry nothing.
  public var state: SequenceBatch<Scalar>?
  /// Where random choices of the graph come from.
  public var noise: RecordingNoise
  /// What came of it so far.
  public var history: TrainingHistory
  /// The epoch, counted from 0, and how many of its batches were taken.
  public var epoch: Int
  /// How many batches of the epoch were taken.
  public var batch: Int
  /// Where looks, patience and the mean loss since the last look are.
  package var course: TrainingCourse

  package init(
    parameters: ModelParameters<Scalar>, best: ModelParameters<Scalar>?,
    optimizer: OptimizerState<ModelParameters<Scalar>>, state: SequenceBatch<Scalar>?,
    noise: RecordingNoise, history: TrainingHistory, epoch: Int, batch: Int, course: TrainingCourse
  ) {
    (self.parameters, self.best, self.optimizer) = (parameters, best, optimizer)
    (self.state, self.noise, self.history, self.course) = (state, noise, history, course)
    (self.epoch, self.batch) = (epoch, batch)
  }
}

/// What a run knows besides its history and the weights.
package struct TrainingCourse: Sendable, Hashable {
  /// The best validation.
  package var least = Double.infinity
  /// Validations in a row that were not the best.
  package var failures = 0
  /// Marks of the interval that have been passed.
  package var marks = 0
  /// Of the updates since the last point.
  package var loss = Loss()
  package var gradientNorm = 0.0
  /// Since the beginning, in all runs together.
  package var seconds = 0.0

  package init() {}
}

/// When a training is kept, by whom, and where it goes on from.
public struct TrainingCheckpoints<Scalar: RecurrentScalar> {
  /// How often, besides at the end.
  public var every: TrainingInterval
  /// Keeps a snapshot. What it throws ends the training.
  public var write: (TrainingSnapshot<Scalar>) throws -> Void
  /// Where the training goes on from; nil for the beginning.
  public var resumed: TrainingSnapshot<Scalar>?

  /// Checkpoints.
  ///
  /// - Parameters:
  ///   - every: how often, besides at the end.
  ///   - resumed: where the training goes on from; nil for the beginning.
  ///   - write: keeps a snapshot.
  public init(
    every: TrainingInterval, resuming resumed: TrainingSnapshot<Scalar>? = nil,
    write: @escaping (TrainingSnapshot<Scalar>) throws -> Void
  ) {
    (self.every, self.resumed, self.write) = (every, resumed, write)
  }
}
