public import Laboratory

/// Everything of this package that can be run, by name.
public enum Catalog {
  /// All environments, agents, planners and models.
  public static let registry = Registry(
    environments: environments, families: families, agents: agents, components: components)
}
