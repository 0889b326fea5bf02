using System.Text;
using Orrery.Helm.Charts;
using Orrery.Helm.Go;

namespace Orrery.Helm.Schemas;

/// <summary>Holds a chart's values, and those of each subchart, against their values.schema.json.</summary>
internal static class ChartSchemas
{
    /// <exception cref="ChartException">Of phase schema: names each chart whose values do not fit, and why.</exception>
    public static void Check(ChartTree tree, GoMap values)
    {
        var faults = new StringBuilder();
        Collect(tree, values, faults);
        if (faults.Length > 0)
        {
            throw new ChartException("schema", "values don't meet the specifications of the schema(s) in the following chart(s):\n" + faults);
        }
    }

    private static void Collect(ChartTree tree, GoMap values, StringBuilder faults)
    {
        if (tree.Chart.Schema is { } schema && JsonSchema.Check(schema, values) is { } fault)
        {
            faults.Append(tree.Name).Append(":\n").Append(fault);
        }

        foreach (ChartTree subchart in tree.Subcharts)
        {
            if (values[subchart.Name] is GoMap own)
            {
                Collect(subchart, own, faults);
            }
        }
    }
}
