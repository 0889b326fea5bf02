using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Server.Admission;

/// <summary>
/// Notes on objects of root who changed last what is wanted of them, and when (<see cref="ApiServerOptions.NotesLastChange"/>). Asked behind all that users set up, so that nobody writes another's name.
/// </summary>
internal sealed class LastChange(IReadOnlySet<GroupResource> resources, TimeProvider time) : IMutatingPlugin
{
    private static readonly string[] Notes = [OrreryNames.ChangedByAnnotation, OrreryNames.ChangedAtAnnotation];

    /// <summary>What is no wish of a user's.</summary>
    private static readonly string[] Others = ["apiVersion", "kind", "metadata", "status"];

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is not { Cluster.IsRoot: true, Operation: AdmissionOperation.Create or AdmissionOperation.Update, Object: { } json } 
            || !resources.Contains(request.GroupResource) || request.Kind != request.Resource.Kind)
        {
            return ValueTask.CompletedTask;
        }

        if (request.Subresource.Length == 0 && (request.Old is not { } old || IsChange(old, json)))
        {
            JsonObject annotations = json.ObjectAt("metadata").ObjectAt("annotations");
            annotations[OrreryNames.ChangedByAnnotation] = request.User.Name;
            annotations[OrreryNames.ChangedAtAnnotation] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            return ValueTask.CompletedTask;
        }

        // What somebody else notes here is put back to what it was.
        foreach (string note in Notes)
        {
            if (request.Old?.TextAt("metadata", "annotations", note) is { } was)
            {
                json.ObjectAt("metadata").ObjectAt("annotations")[note] = was;
            }
            else if (json.NodeAt("metadata", "annotations") is JsonObject said && said.Remove(note) && said.Count == 0)
            {
                json.Metadata.Remove("annotations");
            }
        }

        return ValueTask.CompletedTask;
    }

    private static bool IsChange(JsonObject old, JsonObject json) =>
        old.Select(m => m.Key).Union(json.Select(m => m.Key)).Except(Others).Any(m => !JsonNode.DeepEquals(old[m], json[m]));
}
