using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Pods;

/// <summary>
/// A pod runs as a service account that exists, <c>default</c> when it names none, and gets the account's token mounted.
/// Upstream: plugin/pkg/admission/serviceaccount.
/// </summary>
internal sealed class ServiceAccountDefaults(ObjectStore objects, NameSource names) : IMutatingPlugin
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const int TokenSeconds = 3607;
    private static readonly ResourceDefinition Accounts = BuiltinResources.Instance.Require("", "v1", "serviceaccounts");
    private static readonly GroupResource Pods = new("", "pods");

    public string Name => "ServiceAccount";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Create && request.GroupResource == Pods && request.Subresource.Length == 0 && request.Object?["spec"] is JsonObject spec)
        {
            // A mirror of a pod that a kubelet runs from a file has no account.
            if (request.Object.TextAt("metadata", "annotations", "kubernetes.io/config.mirror") is null)
            {
                GiveAccount(request, spec);
            }
        }

        return ValueTask.CompletedTask;
    }

    private void GiveAccount(AdmissionRequest request, JsonObject spec)
    {
        string name = spec.TextAt("serviceAccountName") is { Length: > 0 } named ? named : "default";
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
        StoredObject found = objects.Find(Accounts, request.Cluster, request.Namespace, name)
            ?? throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"error looking up service account {request.Namespace}/{name}: serviceaccount \"{name}\" not found");
        JsonObject account = StoredJson.Parse(found.Json.Span);
        if (spec["imagePullSecrets"] is not JsonArray { Count: > 0 } && account["imagePullSecrets"] is JsonArray { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = secrets.DeepClone();
        }

        if (spec.FlagAt("automountServiceAccountToken") ?? account.FlagAt("automountServiceAccountToken") ?? true)
        {
            MountToken(spec);
        }
    }

    private void MountToken(JsonObject spec)
    {
        string? volume = null;
        foreach (JsonObject container in Containers(spec))
        {
            if (container["volumeMounts"] is not JsonArray mounts)
            {
                mounts = [];
            }

            if (mounts.OfType<JsonObject>().Any(m => m.TextAt("mountPath") == MountPath))
            {
                continue;
            }

            volume ??= "kube-api-access-" + names.Suffix(5);
            mounts.Add((JsonNode)new JsonObject { ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath });
            container["volumeMounts"] ??= mounts;
        }

        if (volume is null)
        {
            return;
        }

        if (spec["volumes"] is not JsonArray volumes)
        {
            spec["volumes"] = volumes = [];
        }

        volumes.Add((JsonNode)new JsonObject { ["name"] = volume, ["projected"] = Token() });
    }

    private static JsonObject Token() => new()
    {
        ["sources"] = new JsonArray(
            new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
            new JsonObject { ["configMap"] = new JsonObject { ["name"] = "kube-root-ca.crt", ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }) } },
            new JsonObject
            {
                ["downwardAPI"] = new JsonObject
                {
                    ["items"] = new JsonArray(new JsonObject { ["path"] = "namespace", ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" } }),
                },
            }),
        ["defaultMode"] = 420,
    };

    private static IEnumerable<JsonObject> Containers(JsonObject spec) =>
        new[] { "initContainers", "containers" }.SelectMany(list => spec[list] as JsonArray ?? []).OfType<JsonObject>();
}
