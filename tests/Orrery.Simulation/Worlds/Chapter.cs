namespace Orrery.Simulation.Worlds;

/// <summary>What a run is about.</summary>
internal enum Chapter
{
    /// <summary>One virtual cluster, used and moved.</summary>
    Use,

    /// <summary>Virtual clusters that come and go.</summary>
    ComeAndGo,

    /// <summary>Applications, releases and installations.</summary>
    Install,

    /// <summary>Data planes that are cordoned, paused, drained, removed and joined again, and a tenant that is suspended.</summary>
    Fleet,

    /// <summary>A tenant with machines of its own whose size changes.</summary>
    Size,

    /// <summary>The first three at once.</summary>
    All,
}
