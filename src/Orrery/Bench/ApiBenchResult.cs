using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Bench;

/// <summary>Figures of one or several targets of one run, as a table or as JSON.</summary>
internal sealed record ApiBenchResult(IReadOnlyList<(string Target, IReadOnlyList<Figure> Figures)> Targets)
{
    public void Write(TextWriter output, bool json)
    {
        if (json)
        {
            output.WriteLine(ToJson().ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        }
        else
        {
            WriteTable(output);
        }
    }

    private void WriteTable(TextWriter output)
    {
        output.WriteLine(Machine.Describe());
        output.WriteLine("Ratios are to kube-apiserver 1.36 with etcd as recorded on two cores, and to the other targets of this run: 4.0 is four times cheaper.");
        output.Write($"{"",-30}{"goal",10}{"recorded",10}{Targets[0].Target,16}{"ratio",8}{"goal met",10}");
        foreach ((string name, _) in Targets.Skip(1))
        {
            output.Write($"{Column(name, name)}{"ratio",8}");
        }

        output.WriteLine();
        foreach (Figure figure in Targets[0].Figures)
        {
            Measure measure = figure.Measure;
            output.Write($"{measure.Title,-30}{With(measure.Goal, measure.Unit),10}{With(measure.Reference, measure.Unit),10}{With(figure.Value, measure.Unit),16}");
            output.Write($"{Ratio(measure, measure.Reference, figure.Value),8}{(measure.Goal is null ? "" : measure.Meets(figure.Value) ? "yes" : "no"),10}");
            foreach ((string name, IReadOnlyList<Figure> others) in Targets.Skip(1))
            {
                double? other = others.FirstOrDefault(f => f.Measure == measure)?.Value;
                output.Write($"{Column(name, With(other, measure.Unit))}{Ratio(measure, other, figure.Value),8}");
            }

            output.WriteLine();
        }
    }

    private JsonObject ToJson()
    {
        var targets = new JsonObject();
        foreach ((string name, IReadOnlyList<Figure> figures) in Targets)
        {
            targets[name] = new JsonObject([.. figures.Select(f => KeyValuePair.Create(f.Measure.Key, (JsonNode?)new JsonObject
            {
                ["value"] = Math.Round(f.Value, 2),
                ["unit"] = f.Measure.Unit,
                ["goal"] = f.Measure.Goal,
                ["recorded"] = f.Measure.Reference,
            }))]);
        }

        return new JsonObject { ["machine"] = Machine.Describe(), ["targets"] = targets };
    }

    private static string With(double? value, string unit) =>
        value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{(Math.Abs(v) >= 100 ? Math.Round(v) : Math.Round(v, 1))} {unit}") : "";

    /// <summary>A text in the column of another target, which is as wide as that one's name needs.</summary>
    private static string Column(string target, string text) => text.PadLeft(Math.Max(20, target.Length + 2));

    /// <summary>How many times better ours is.</summary>
    private static string Ratio(Measure measure, double? theirs, double ours) =>
        theirs is { } t && t > 0 && ours > 0 ? string.Create(CultureInfo.InvariantCulture, $"{(measure.HigherIsBetter ? ours / t : t / ours):0.0}") : "";
}
