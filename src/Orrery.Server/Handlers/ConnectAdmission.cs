using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Streams to a pod pass admission as CONNECT, with the options of their query as the object (apiserver <c>pkg/endpoints/handlers/rest.go</c>, ConnectResource).</summary>
internal static class ConnectAdmission
{
    /// <summary>Lets pass what is no stream, such as <c>pods/log</c>.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    public static async ValueTask AdmitAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        string? kind = request.Subresource switch
        {
            "exec" => "PodExecOptions",
            "attach" => "PodAttachOptions",
            "portforward" => "PodPortForwardOptions",
            "proxy" => request.Resource.Kind.Kind + "ProxyOptions",
            _ => null,
        };
        if (kind is null)
        {
            return;
        }

        var scope = new WriteScope { Resource = request.Resource, Cluster = request.Cluster, Namespace = request.Namespace, User = request.User, FieldManager = "", Notes = new ResponseNotes(request.Http) };
        JsonObject options = Options(kind, request.Query);
        await request.Server.Admission.AdmitAsync(
            (scope with { Subresource = request.Subresource }).Admission(AdmissionOperation.Connect, request.Name, options, null, new GroupVersionKind("", "v1", kind)),
            cancellationToken);
    }

    private static JsonObject Options(string kind, RequestQuery query)
    {
        var options = new JsonObject { ["kind"] = kind, ["apiVersion"] = "v1" };
        foreach (string flag in new[] { "stdin", "stdout", "stderr", "tty" })
        {
            if (ListOptions.Flag(query, flag) == true)
            {
                options[flag] = true;
            }
        }

        foreach (string text in new[] { "container", "path" })
        {
            if (query[text] is { Length: > 0 } said)
            {
                options[text] = said;
            }
        }

        if (query.All("command") is { Count: > 0 } command)
        {
            options["command"] = new JsonArray([.. command.Select(c => (JsonNode)c)]);
        }

        if (query.All("ports") is { Count: > 0 } ports)
        {
            options["ports"] = new JsonArray([.. ports.SelectMany(p => p.Split(',')).Select(p => int.TryParse(p, out int port) ? port : throw ApiErrors.BadRequest($"invalid port \"{p}\"")).Select(p => (JsonNode)p)]);
        }

        return options;
    }
}
