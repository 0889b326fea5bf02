using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>
/// The ways in which the objects of a namespace are placed, each once, kept as they change: a tenant may have thousands of them and few ways to place them, and is looked at
/// several times a second while they are made.
/// </summary>
internal sealed class PlacementsInUse
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<string, Use>> byNamespace = new(StringComparer.Ordinal);

    /// <param name="placed">Of kinds with <c>spec.placement</c>.</param>
    public PlacementsInUse(params ReadOnlySpan<Informer> placed)
    {
        foreach (Informer informer in placed)
        {
            informer.Subscribe(Take);
        }
    }

    /// <summary>Of objects that are not being deleted; in no particular order.</summary>
    public IReadOnlyList<Api.Kinds.Placement> In(string ns)
    {
        lock (gate)
        {
            return byNamespace.TryGetValue(ns, out Dictionary<string, Use>? uses) ? [.. uses.Values.Select(u => u.Placement)] : [];
        }
    }

    private void Take(InformerChange change)
    {
        string? old = TextOf(change.Old), current = TextOf(change.Current);
        if (old == current)
        {
            return;
        }

        lock (gate)
        {
            if (current is not null)
            {
                Dictionary<string, Use> uses = byNamespace.TryGetValue(change.Key.Namespace, out Dictionary<string, Use>? present) ? present : byNamespace[change.Key.Namespace] = new(StringComparer.Ordinal);
                uses[current] = uses.TryGetValue(current, out Use? use) ? use with { Objects = use.Objects + 1 } : new Use(Api.Kinds.Placement.Of(change.Current!), 1);
            }

            if (old is not null && byNamespace[change.Key.Namespace] is var left)
            {
                Use use = left[old];
                if (use.Objects > 1)
                {
                    left[old] = use with { Objects = use.Objects - 1 };
                }
                else if (left.Remove(old) && left.Count == 0)
                {
                    byNamespace.Remove(change.Key.Namespace);
                }
            }
        }
    }

    /// <summary>Null for what is not there or is being deleted; empty for what is placed nowhere.</summary>
    private static string? TextOf(KubeObject? placed) => placed is not { IsDeleting: false } ? null : placed.At("spec", "placement")?.GetRawText() ?? "";

    private sealed record Use(Api.Kinds.Placement Placement, int Objects);
}
