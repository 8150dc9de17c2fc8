import Configuration
import Networks

/// What an autoencoder's reconstructions of numbers in 0...1 are measured by.
public enum ReconstructionLoss: String, CaseIterable, SettingValue {
  /// Half of the squared difference; outputs are linear.
  case squared
  /// Cross-entropy with the number as the probability of an event; outputs are log-odds.
  case crossEntropy = "cross_entropy"
}

/// Settings of an autoencoder in front of a learner.
public struct AutoencoderSettings: Configuration {
  /// No autoencoder; with a `size` of its code, a dense one.
  public init() {}
  @Setting(
    "Numbers of the code that stands for an observation, which an autoencoder finds; 0: observations as they are",
    in: 0...1024)
  public var size: Int = 0
  @Setting("Widths of the encoder's hidden layers; the decoder has them the other way round", in: 1...8192)
  public var hidden: [Int] = [64, 32]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .silu
  @Setting(
    "Convolutions that the encoder of images begins with: none, small, nature, or [[filters, kernel, stride], ...]")
  public var convolution: ConvolutionChoice = .absent
  @Setting("What reconstructions, of numbers scaled to 0...1, are measured by") public var loss: ReconstructionLoss =
    .crossEntropy
  @Setting("Passes over all observations in a training", in: 1...1_000_000) public var epochs: Int = 50
  @Setting("Learning rate of Adam", in: 1e-8...1) public var learningRate: Float = 3e-3
  @Setting("Observations in a gradient step", in: 1...65_536) public var batchSize: Int = 64
  @Setting("Train on at each fit, from the weights there are; otherwise at the first fit alone") public var retrain:
    Bool = true
}
