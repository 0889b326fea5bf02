using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;

namespace Orrery.Commands.Objects;

/// <summary><c>-o</c>: how objects are printed.</summary>
internal sealed class OutputOption
{
    private const string PathPrefix = "jsonpath=";

    private static readonly JsonSerializerOptions Indented = new() { MaxDepth = KubeJson.Most, WriteIndented = true, IndentSize = 4, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<string> option;

    private OutputOption(Option<string> option) => this.option = option;

    /// <param name="formats">The first is the default.</param>
    public static OutputOption AddTo(Command command, params string[] formats)
    {
        Option<string> option = Make(formats, formats);
        option.AcceptOnlyFromAmong(formats);
        command.Add(option);
        return new OutputOption(option);
    }

    /// <summary>As <see cref="AddTo"/>, and <c>jsonpath=TEMPLATE</c>.</summary>
    public static OutputOption WithTemplatesTo(Command command, params string[] formats)
    {
        Option<string> option = Make(formats, [.. formats, PathPrefix + "TEMPLATE"]);
        option.CompletionSources.Add(_ => [.. formats.Select(f => new CompletionItem(f))]);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token, ..] && Problem(token.Value, formats) is { } problem)
            {
                result.AddError(problem);
            }
        });
        command.Add(option);
        return new OutputOption(option);
    }

    private static Option<string> Make(string[] formats, string[] shown) =>
        new("--output", "-o") { Description = $"Form of the output: {string.Join(", ", shown)}.", DefaultValueFactory = _ => formats[0], HelpName = "FORM" };

    private static string? Problem(string format, string[] formats)
    {
        if (!format.StartsWith(PathPrefix, StringComparison.Ordinal))
        {
            return formats.Contains(format) ? null : $"--output: '{format}' is none of {string.Join(", ", formats)}, {PathPrefix}TEMPLATE";
        }

        try
        {
            JsonPathTemplate.Parse(format[PathPrefix.Length..]);
            return null;
        }
        catch (FormatException e)
        {
            return $"--output: {e.Message}";
        }
    }

    public string Of(ParseResult parsed) => parsed.GetValue(option)!;

    /// <summary>One object as JSON, YAML or its name.</summary>
    public static void Write(string format, ObjectKind kind, KubeObject item) => Console.Write(Text(format, kind, item));

    /// <inheritdoc cref="Write"/>
    /// <param name="happened">What happened to it, as kubectl shows it with <c>--output-watch-events</c>; null for one that is merely there.</param>
    public static string Text(string format, ObjectKind kind, KubeObject item, string? happened = null)
    {
        if (format.StartsWith(PathPrefix, StringComparison.Ordinal))
        {
            return Filled(format, item.ToJsonObject());
        }

        if (format is not ("json" or "yaml"))
        {
            return $"{(happened is null ? "" : happened + " ")}{kind.NameOf(item.Name)}\n";
        }

        return Text(format, happened is null ? Shown(item) : new JsonObject { ["type"] = happened, ["object"] = Shown(item) });
    }

    /// <summary>Anything as YAML, or as JSON.</summary>
    public static string Text(string format, JsonNode json) => format == "yaml" ? Yaml(json) : json.ToJsonString(Indented) + "\n";

    /// <summary>A list of objects as JSON, YAML or their names.</summary>
    public static void WriteList(string format, ObjectKind kind, IEnumerable<KubeObject> items)
    {
        if (format == "name")
        {
            foreach (KubeObject item in items)
            {
                Console.WriteLine(kind.NameOf(item.Name));
            }

            return;
        }

        var list = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["metadata"] = new JsonObject { ["resourceVersion"] = "" },
            ["items"] = new JsonArray([.. items.Select(i => (JsonNode)Shown(i))]),
        };
        if (format.StartsWith(PathPrefix, StringComparison.Ordinal))
        {
            Console.Write(Filled(format, list));
            return;
        }

        Console.Write(Text(format, list));
    }

    public static string Yaml(JsonNode json) => Encoding.UTF8.GetString(YamlText.From(KubeJson.ToUtf8(json)));

    private static string Filled(string format, JsonObject json)
    {
        using var document = JsonDocument.Parse(KubeJson.ToUtf8(json), KubeJson.DocumentOptions);
        return JsonPathTemplate.Parse(format[PathPrefix.Length..]).Of(document.RootElement);
    }

    /// <summary>As kubectl shows it: who owns which field is left out.</summary>
    private static JsonObject Shown(KubeObject item)
    {
        JsonObject json = item.ToJsonObject();
        json.Metadata.Remove("managedFields");
        return json;
    }
}
