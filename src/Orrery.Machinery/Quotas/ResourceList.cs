using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>Amounts by the name of their resource, in order of the names. Upstream: apiserver <c>pkg/quota/v1/resources.go</c>.</summary>
public sealed class ResourceList() : SortedDictionary<string, Quantity>(StringComparer.Ordinal)
{
    /// <summary>What does not parse is left out: decoding has refused it before.</summary>
    public static ResourceList Read(JsonNode? amounts)
    {
        var list = new ResourceList();
        foreach ((string name, Quantity amount) in ResourceAmounts.Read(amounts as JsonObject))
        {
            list[name] = amount;
        }

        return list;
    }

    public ResourceList Copy()
    {
        var copy = new ResourceList();
        copy.Plus(this);
        return copy;
    }

    public void Plus(string name, Quantity amount) => this[name] = TryGetValue(name, out Quantity known) ? known + amount : amount;

    public void Plus(ResourceList other)
    {
        foreach ((string name, Quantity amount) in other)
        {
            Plus(name, amount);
        }
    }

    /// <summary>Raises each amount to the other's where that is larger.</summary>
    public void AtLeast(ResourceList other)
    {
        foreach ((string name, Quantity amount) in other)
        {
            if (!TryGetValue(name, out Quantity known) || amount > known)
            {
                this[name] = amount;
            }
        }
    }

    /// <summary>The entries of these names.</summary>
    public ResourceList Of(IEnumerable<string> names)
    {
        var masked = new ResourceList();
        foreach (string name in names)
        {
            if (TryGetValue(name, out Quantity amount))
            {
                masked[name] = amount;
            }
        }

        return masked;
    }

    public JsonObject ToJson() => new(this.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value.ToString())));

    /// <summary><c>cpu=2,pods=3</c>.</summary>
    public override string ToString() => string.Join(',', this.Select(a => $"{a.Key}={a.Value}"));
}
