namespace Orrery.Helm.Schemas;

/// <summary>Which parts of one value some schema has looked at; the unevaluated keywords ask for the rest.</summary>
internal sealed class Evaluated
{
    public HashSet<string> Properties { get; } = new(StringComparer.Ordinal);

    public HashSet<int> Items { get; } = [];

    public void Add(Evaluated other)
    {
        Properties.UnionWith(other.Properties);
        Items.UnionWith(other.Items);
    }
}
