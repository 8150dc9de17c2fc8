public import Configuration

/// Settings of `RandomAgent`: none.
public struct RandomAgentSettings: Configuration, Equatable {
  public init() {}
}
