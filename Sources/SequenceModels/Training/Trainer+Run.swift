import Autodiff
import LinAlg
import Recurrent

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Trainer {
  /// What all runs are: updates, looks, and the end.
  ///
  /// - Parameters:
  ///   - validate: nil from it means that nothing is validated.
  ///   - keeper: keeps the training, and puts it back; nil where nobody does.
  ///   - step: makes an update by one batch or several, and by the state that the one before left.
  mutating func train<M: Model, Batch>(
    _ model: inout M, _ batches: TrainingBatches<Batch>, _ keeper: Keeper<M>?,
    validate: (M) throws -> Double?,
    step: (inout M, [Batch], inout SequenceBatch<M.Scalar>?, inout Rule) throws -> TrainingStep
  ) throws -> TrainingHistory {
    check(batches.isEndless)
    history = TrainingHistory()
    if let curveFile { try history.writeCurve(to: curveFile) }
    let watch = InterruptionWatch(interruption)
    var course = Course<M>(
      start: clock(),
      line: ProgressLine(progress == .quiet ? nil : output ?? .standardError))
    defer {
      watch.end()
      course.line.end()
    }
    var (number, skipped) = (0, 0)
    if let keeper, let place = keeper.putBack(&model, &self, &course) {
      (number, skipped) = place
    }
    var kept = checkpointMarks(course)
    if history.updates > 0 {
      // An interrupted run is kept before its last look, which it would not have had otherwise.
      try look(at: model, &course, isInterrupted: false, validate)
      if let patience, course.failures >= patience { history.ending = .patience }
    }
    var group: [Batch] = []
    while history.ending == nil {
      let epoch = try batches.begin(number)
      var taken = 0
      while taken < skipped, try epoch.next() != nil { taken += 1 }
      require(
        taken == skipped,
        "Trainer: epoch \(number) has \(taken) batches, it had \(skipped) when it was kept")
      skipped = 0
      while history.ending == nil {
        group.removeAll(keepingCapacity: true)
        while group.count < batchesPerUpdate, let batch = try epoch.next() { group.append(batch) }
        if group.isEmpty { break }
        taken += group.count
        try update(&model, group, &course, step)
        history.epochs = Double(number)
        if let count = epoch.count { history.epochs += Double(taken) / Double(max(count, taken)) }
        let isInterrupted = watch.isRequested
        if isInterrupted { try keeper?.keep(model, self, course, number, taken) }
        try look(at: model, &course, isInterrupted: isInterrupted, validate)
        let marks = checkpointMarks(course)
        if !isInterrupted, marks > kept || history.ending != nil {
          try keeper?.keep(model, self, course, number, taken)
        }
        kept = marks
      }
      require(taken > 0, "Trainer: epoch \(number) has no batch")
      number += 1
      guard history.ending == nil else { break }
      // Where only its end tells that an epoch has ended.
      history.epochs = Double(number)
      try look(at: model, &course, isInterrupted: watch.isRequested, validate)
    }
    if keepsBest, let best = course.best { model = best }
    if let curveFile { try history.writeCurve(to: curveFile) }
    return history
  }

  /// How many of the marks at which the training is kept have been passed.
  private func checkpointMarks(_ course: Course<some Model>) -> Int {
    guard let every = checkpoints?.every else { return 0 }
    return every.marks(
      epochs: history.epochs, updates: history.updates, share: share(course))
  }

  /// What a run knows besides its history.
  @dynamicMemberLookup
  struct Course<M: Model> {
    /// On the trainer's clock; earlier by what runs before took.
    fileprivate(set) var start: Double
    var line: ProgressLine
    /// The model of the best validation.
    var best: M?
    /// What the steps carry on, where they do.
    var state: SequenceBatch<M.Scalar>?
    /// What is kept of it.
    var kept = TrainingCourse()

    subscript<Value>(dynamicMember path: WritableKeyPath<TrainingCourse, Value>) -> Value {
      get { kept[keyPath: path] }
      set { kept[keyPath: path] = newValue }
    }

    init(start: Double, line: ProgressLine) { (self.start, self.line) = (start, line) }
  }

  /// Keeps a training of a model, and puts it back.
  struct Keeper<M: Model> {
    /// Puts back what was kept, and says in which epoch and behind how many batches it was; nil at the
    /// beginning.
    var putBack: (inout M, inout Trainer, inout Course<M>) -> (epoch: Int, batch: Int)?
    /// Keeps it, with the epoch and how many of its batches were taken.
    var keep: (M, Trainer, Course<M>, Int, Int) throws -> Void
  }

  /// Who keeps the trainings of a model on a graph; nil where nobody does.
  func keeper<M: Model>(
    _: M.Type, _ graph: Graph<M.Scalar>
  ) -> Keeper<M>? where Rule.Parameters == ModelParameters<M.Scalar> {
    guard let checkpoints else { return nil }
    require(
      optimizer is any ResumableOptimizer<ModelParameters<M.Scalar>>,
      "Trainer: checkpoints of \(Rule.self), which is no ResumableOptimizer")
    return Keeper { model, trainer, course in
      guard let snapshot = checkpoints.resumed else { return nil }
      model.parameters = snapshot.parameters
      if let best = snapshot.best {
        var copy = model
        copy.parameters = best
        course.best = copy
      }
      if var rule = trainer.optimizer as? any ResumableOptimizer<ModelParameters<M.Scalar>> {
        rule.state = snapshot.optimizer
        if let rule = rule as? Rule { trainer.optimizer = rule }
      }
      course.state = snapshot.state
      graph.noise = snapshot.noise
      trainer.history = snapshot.history
      // What ended a run before does not end this one, unless it does so again.
      trainer.history.ending = nil
      course.kept = snapshot.course
      course.start -= snapshot.course.seconds
      return (snapshot.epoch, snapshot.batch)
    } keep: { model, trainer, course, epoch, batch in
      guard let rule = trainer.optimizer as? any ResumableOptimizer<ModelParameters<M.Scalar>>
      else { return }
      var kept = course.kept
      kept.seconds = trainer.clock() - course.start
      try checkpoints.write(
        TrainingSnapshot(
          parameters: model.parameters,
          best: trainer.keepsBest ? course.best?.parameters : nil, optimizer: rule.state,
          state: course.state, noise: graph.noise, history: trainer.history, epoch: epoch,
          batch: batch, course: kept))
    }
  }

  private func check(_ endless: Bool) {
    duration.check(endless: endless)
    validation.check()
    require(batchesPerUpdate > 0, "Trainer: \(batchesPerUpdate) batches per update")
    require(patience ?? 1 > 0, "Trainer: patience for \(patience ?? 1) validations")
    require(scheduleLength ?? 1 > 0, "Trainer: a schedule of \(scheduleLength ?? 1) steps")
    require(maximumNorm > 0, "Trainer: the norm \(maximumNorm) is not positive")
  }

  private func share(_ course: Course<some Model>) -> Double {
    duration.share(
      epochs: history.epochs, updates: history.updates, seconds: clock() - course.start)
  }

  private mutating func update<M: Model, Batch>(
    _ model: inout M, _ group: [Batch], _ course: inout Course<M>,
    _ step: (inout M, [Batch], inout SequenceBatch<M.Scalar>?, inout Rule) throws -> TrainingStep
  ) throws {
    let begin = clock()
    if let schedule {
      let place = scheduleLength.map { Int(share(course) * Double($0)) } ?? optimizer.stepCount
      optimizer.learningRate = schedule.rate(atStep: place)
    }
    let result = try step(&model, group, &course.state, &optimizer)
    history.losses.append(result.loss.mean)
    history.tokens += result.loss.count
    history.trainingSeconds += clock() - begin
    course.loss += result.loss
    course.gradientNorm = result.gradientNorm
  }

  /// Validates, notes and ends, where it is time.
  private mutating func look<M: Model>(
    at model: M, _ course: inout Course<M>, isInterrupted: Bool, _ validate: (M) throws -> Double?
  ) throws {
    let share = share(course)
    if isInterrupted {
      history.ending = .interruption
    } else if share >= 1 {
      history.ending = .duration
    }
    let marks = validation.marks(epochs: history.epochs, updates: history.updates, share: share)
    let isNew = history.points.last?.update != history.updates
    guard isNew && (marks > course.marks || history.ending != nil) else {
      course.marks = max(course.marks, marks)
      if course.line.isDue(at: clock() - course.start) {
        let point = point(course, nil)
        course.line.show(point)
      }
      return
    }
    course.marks = marks
    let value = try validate(model)
    let isBest = value.map { $0 < course.least } ?? false
    if isBest {
      course.least = value ?? course.least
      course.failures = 0
      if keepsBest { course.best = model }
    } else if value != nil {
      course.failures += 1
      if let patience, course.failures >= patience, history.ending == nil {
        history.ending = .patience
      }
    }
    let point = point(course, value)
    history.points.append(point)
    course.loss = Loss()
    course.line.note(point, isBest: isBest)
    didLook?(point)
    // What cannot be written now may be written at the end, which says so where it cannot.
    if let curveFile, history.ending == nil { try? history.writeCurve(to: curveFile) }
  }

  private func point(_ course: Course<some Model>, _ value: Double?) -> TrainingHistory.Point {
    let seconds = clock() - course.start
    let share = share(course)
    let left =
      history.ending != nil ? 0 : share > 0 ? seconds * (1 / share - 1) : Double?.none
    return TrainingHistory.Point(
      epoch: history.epochs, update: history.updates, loss: course.loss, validation: value,
      learningRate: optimizer.learningRate, gradientNorm: course.gradientNorm,
      tokensPerSecond: Double(history.tokens) / max(history.trainingSeconds, 1e-9),
      seconds: seconds, secondsLeft: left)
  }
}

/// Seconds of a clock that is never set.
package func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
