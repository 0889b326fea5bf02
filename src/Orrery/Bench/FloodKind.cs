namespace Orrery.Bench;

/// <summary>What a flood is made of.</summary>
internal enum FloodKind
{
    /// <summary>Long lists, writes and reads: one of four, one of four, and the rest.</summary>
    Mixed,

    /// <summary>Lists of everything there is.</summary>
    Lists,

    /// <summary>Objects made and deleted.</summary>
    Creates,

    /// <summary>Five thousand watches, and changes that all of them are told of.</summary>
    Watches,

    /// <summary>Bodies of nearly a megabyte, which are answered with as much.</summary>
    Bodies,

    /// <summary>Bodies of which a little comes at a time.</summary>
    Uploads,

    /// <summary>Patches that are refused once they have been looked at.</summary>
    Refused,

    /// <summary>Requests by a token that nobody issued.</summary>
    Strangers,
}
