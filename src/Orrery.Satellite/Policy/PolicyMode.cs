namespace Orrery.Satellite.Policy;

/// <summary>How much a cluster's owner lets the satellite do at all.</summary>
internal enum PolicyMode
{
    /// <summary>Whatever its rights and the rest of the policy allow.</summary>
    Enabled,

    /// <summary>What runs is left as it is, also where the control plane deletes it; it is reported, and may be asked about.</summary>
    Paused,

    /// <summary>As <see cref="Paused"/>, and nobody gets into a pod.</summary>
    ReadOnly,

    /// <summary>Nothing goes out and nothing is done, until this changes.</summary>
    Disabled,
}
