using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>Accepts the names of a new definition when no other of its cluster has them, and with that establishes it.</summary>
internal sealed class DefinitionFollowUp(ObjectStore objects, Writer writer, TimeProvider time) : IFollowUp
{
    private static readonly ResourceDefinition Definitions = BuiltinResources.Instance.Require("apiextensions.k8s.io", "v1", "customresourcedefinitions");

    public bool Concerns(GroupResource resource) => resource == CustomResourceSet.Definitions;

    public async ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken)
    {
        await writer.UpdateAsync(
            Definitions, cluster, "", name, "status", "kube-apiserver",
            definition =>
            {
                if (!definition.IsDeleting)
                {
                    Accept(cluster, definition);
                }
            },
            cancellationToken);
    }

    /// <summary>Each name is accepted unless another definition of the group has it; all must be before the definition is established.</summary>
    private void Accept(ClusterName cluster, JsonObject definition)
    {
        JsonObject status = definition.ObjectAt("status");
        JsonObject wanted = definition.ObjectAt("spec").ObjectAt("names");
        JsonObject accepted = status.ObjectAt("acceptedNames");
        TakenNames taken = TakenNames.By(objects.Current(Definitions), cluster, definition);
        string? reason = null, message = null;
        foreach (string member in new[] { "plural", "singular", "shortNames", "kind", "listKind" })
        {
            string[] busy = [.. Texts(wanted[member]).Except(Texts(accepted[member])).Where(n => taken.Has(member, n)).Select(n => $"\"{n}\" is already in use")];
            if (busy.Length > 0)
            {
                reason = char.ToUpperInvariant(member[0]) + member[1..] + "Conflict";
                message = busy.Length == 1 ? busy[0] : $"[{string.Join(", ", busy)}]";
            }
            else
            {
                Put(accepted, member, wanted[member]);
            }
        }

        Put(accepted, "categories", wanted["categories"]);
        string now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        DefinitionStatus.Set(status, "NamesAccepted", reason is null ? "True" : "False", reason ?? "NoConflicts", message ?? "no conflicts found", now);
        if (DefinitionStatus.IsTrue(definition, "Established"))
        {
            return;
        }

        if (reason is null)
        {
            DefinitionStatus.Set(status, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        }
        else
        {
            DefinitionStatus.Set(status, "Established", "False", "NotAccepted", "not all names are accepted", now);
        }
    }

    private static void Put(JsonObject to, string member, JsonNode? value)
    {
        if (value is null)
        {
            to.Remove(member);
        }
        else
        {
            to[member] = value.DeepClone();
        }
    }

    private static IEnumerable<string> Texts(JsonNode? names) => TakenNames.Texts(names);
}
