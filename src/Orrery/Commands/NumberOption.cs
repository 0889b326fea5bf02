using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Orrery.Commands;

/// <summary>Bounds of options that are numbers.</summary>
internal static class NumberOption
{
    /// <summary>Refuses what is beyond the bounds. What is no number at all is refused without it, and has no value that could be asked for.</summary>
    public static Option<T> Within<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: var said }] && T.TryParse(said, CultureInfo.InvariantCulture, out T number) && !(number >= least && number <= most))
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name}: want {least} to {most}"));
            }
        });
        return option;
    }
}
