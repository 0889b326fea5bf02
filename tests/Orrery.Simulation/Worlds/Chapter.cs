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

    /// <summary>All of it at once.</summary>
    All,
}
