using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Machinery;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND create</c>: makes one object from options, or those of a file.</summary>
internal static class CreateVerb
{
    public static Command Create(ObjectKind kind, IReadOnlyList<ObjectField> fields)
    {
        var command = new Command("create", $"Make {kind.Article} {kind.Kind} from the options given, or those of a file.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        OutputOption output = OutputOption.AddTo(command, "text", "json", "yaml", "name");
        Argument<string?> name = NameArgument.New(kind, ArgumentArity.ZeroOrOne);
        var file = new Option<string>("--filename", "-f") { Description = $"Manifests of {kind.Kind} objects, JSON or YAML; - for standard input.", HelpName = "FILE" };
        Option<string> dryRun = DryRun();
        ReadyWait? wait = ReadyWait.AddTo(command, kind);
        ObjectField labels = ObjectField.Pairs("--labels", "metadata.labels", "Labels of the object.");
        command.Add(name);
        command.Add(file);
        command.Add(dryRun);
        foreach (ObjectField field in fields.Append(labels))
        {
            command.Add(field.Option);
        }

        command.Validators.Add(result =>
        {
            if ((result.GetValue(name) is null) == (result.GetValue(file) is null))
            {
                result.AddError("want a NAME or --filename");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            List<JsonObject> bodies = parsed.GetValue(file) is { } path
                ? await ReadAsync(kind, path, ct).ConfigureAwait(false)
                : [await BuildAsync(kind, parsed.GetValue(name)!, [.. fields, labels], parsed, ct).ConfigureAwait(false)];
            string mode = parsed.GetValue(dryRun)!;
            if (mode == "client")
            {
                foreach (JsonObject body in bodies)
                {
                    Report(output.Of(parsed), kind, KubeObject.From(body), "created (dry run)");
                }

                return 0;
            }

            using KubeClient client = cluster.Connect(parsed);
            var all = new List<KubeObject>();
            foreach (JsonObject body in bodies)
            {
                string ns = !kind.IsNamespaced ? "" : body.Namespace.Length > 0 ? body.Namespace : cluster.Namespace(parsed, client);
                KubeObject made = await Missing.ExplainAsync(
                    client, ObjectKind.Namespace, "", ns, () => client.CreateAsync(kind.Resource, ns, body, ct, dryRun: mode == "server"), ct).ConfigureAwait(false);
                Report(output.Of(parsed), kind, made, mode == "server" ? "created (server dry run)" : "created");
                all.Add(made);
                if (kind.IsPlaced && Placement.Of(made).IsEmpty)
                {
                    await Console.Error.WriteLineAsync(
                        $"It runs nowhere yet: say where with --data-planes, --virtual-sites or --data-plane-labels here or in 'orrery {kind.Command} set {made.Name} -n {made.Namespace}'.").ConfigureAwait(false);
                }
            }

            await Missing.WarnAsync(client, fields, parsed, ct).ConfigureAwait(false);
            foreach (KubeObject made in mode == "none" && wait is not null ? all : [])
            {
                await wait!.ForAsync(parsed, client, kind, made, ct).ConfigureAwait(false);
            }

            return 0;
        });
        return command;
    }

    public static Option<string> DryRun()
    {
        var option = new Option<string>("--dry-run") { Description = "client: only print what would be sent. server: have it checked and not stored.", DefaultValueFactory = _ => "none", HelpName = "none|client|server" };
        option.AcceptOnlyFromAmong("none", "client", "server");
        return option;
    }

    public static void Report(string format, ObjectKind kind, KubeObject item, string what)
    {
        if (format == "text")
        {
            Console.WriteLine($"{kind.NameOf(item.Name)} {what}");
        }
        else
        {
            OutputOption.Write(format, kind, item);
        }
    }

    private static async Task<JsonObject> BuildAsync(ObjectKind kind, string name, IReadOnlyList<ObjectField> fields, ParseResult parsed, CancellationToken ct)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = kind.Resource.ApiVersion,
            ["kind"] = kind.Kind,
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject(),
        };
        foreach (ObjectField field in fields.Where(f => parsed.GetResult(f.Option) is { Implicit: false }))
        {
            await field.Write(parsed, body, ct).ConfigureAwait(false);
            field.Into?.CheckWhole(body);
        }

        return body;
    }

    private static async Task<List<JsonObject>> ReadAsync(ObjectKind kind, string path, CancellationToken ct)
    {
        string text = await TextFile.ReadAsync(path, ct).ConfigureAwait(false);
        try
        {
            List<JsonObject> bodies = [.. YamlJson.ParseAll(text).OfType<JsonObject>()];
            if (bodies.Find(b => b.Kind != kind.Kind) is { } other)
            {
                throw new CommandFailedException($"{path} holds a {(other.Kind.Length == 0 ? "document without a kind" : other.Kind)}; this command makes {kind.Kind} objects");
            }

            return bodies.Count > 0 ? bodies : throw new CommandFailedException($"{path} holds no object");
        }
        catch (FormatException e)
        {
            throw new CommandFailedException($"{path}: {e.Message}", e);
        }
    }
}
