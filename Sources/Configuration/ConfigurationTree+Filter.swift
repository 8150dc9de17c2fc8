extension ConfigurationTree {
  /// This mapping with only the direct children whose key satisfies `isKept`, in order and with their locations;
  /// anything else is returned as it is.
  public func filter(_ isKept: (String) -> Bool) -> ConfigurationTree {
    guard case .mapping(let entries) = content else { return self }
    return ConfigurationTree(.mapping(entries.filter { isKept($0.key) }), at: location)
  }
}
