using System.Globalization;
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
        JsonObject options = Options(kind, request.Query, request.Subresource == "proxy" ? TailOf(request) : null);
        await request.Server.Admission.AdmitAsync(
            (scope with { Subresource = request.Subresource }).Admission(AdmissionOperation.Connect, request.Name, options, null, new GroupVersionKind("", "v1", kind)),
            cancellationToken);
    }

    private static int Port(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) ? port
        : throw ApiErrors.BadRequest($"cannot convert to []int32: strconv.ParseUint: parsing \"{text}\": {(text.Length > 0 && text.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax")}");

    /// <summary>What follows the subresource in the path.</summary>
    private static string TailOf(ResourceRequest request)
    {
        const int NamedParts = 3;
        string tail = string.Concat(request.Info.Parts.Skip(NamedParts).Select(part => "/" + part));
        return request.Info.Path.EndsWith('/') && !tail.EndsWith('/') ? tail + "/" : tail;
    }

    private static JsonObject Options(string kind, RequestQuery query, string? path)
    {
        var options = new JsonObject { ["kind"] = kind, ["apiVersion"] = "v1" };
        foreach (string flag in new[] { "stdin", "stdout", "stderr", "tty" })
        {
            if (ListOptions.Flag(query, flag) == true)
            {
                options[flag] = true;
            }
        }

        foreach ((string name, string? text) in new[] { ("container", query["container"]), ("path", path) })
        {
            if (text is { Length: > 0 })
            {
                options[name] = text;
            }
        }

        if (query.All("command") is { Count: > 0 } command)
        {
            options["command"] = new JsonArray([.. command.Select(c => (JsonNode)c)]);
        }

        if (query.All("ports") is { Count: > 0 } ports)
        {
            options["ports"] = new JsonArray([.. ports.SelectMany(p => p.Split(',')).Select(p => (JsonNode)Port(p))]);
        }

        return options;
    }
}
