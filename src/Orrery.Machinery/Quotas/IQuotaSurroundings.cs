using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Quotas;

/// <summary>What an evaluator may look up beside the object that it is asked about: in its cluster, and in its namespace where the resource has one. As it is now.</summary>
public interface IQuotaSurroundings
{
    /// <summary>In the order of their names.</summary>
    IEnumerable<JsonObject> All(GroupResource resource);

    /// <summary>Null where there is none.</summary>
    JsonObject? Find(GroupResource resource, string name);
}
