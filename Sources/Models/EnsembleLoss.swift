/// What a member's predictions are worth: means over rows, the first two over components too, in normalized units.
struct EnsembleLoss {
  /// Negative log-likelihood without the constant, times 2; of deterministic networks the squared error.
  var loss: Float = 0
  /// Squared error of the means.
  var error: Float = 0
  /// Negative log-likelihood of what was seen of terminations, where they are learned.
  var termination: Float = 0

  /// The number that early stopping and elites go by, smaller being better.
  func score(_ settings: EnsembleSettings) -> Float { settings.goesByLikelihood ? loss : error }

  /// All of them times `factor`.
  func scaled(_ factor: Float) -> EnsembleLoss {
    EnsembleLoss(loss: loss * factor, error: error * factor, termination: termination * factor)
  }

  static func + (a: EnsembleLoss, b: EnsembleLoss) -> EnsembleLoss {
    EnsembleLoss(loss: a.loss + b.loss, error: a.error + b.error, termination: a.termination + b.termination)
  }
}

extension EnsembleSettings {
  /// Whether scores are likelihoods, of which deterministic networks have none.
  var goesByLikelihood: Bool { score == .likelihood && !deterministic }
}
